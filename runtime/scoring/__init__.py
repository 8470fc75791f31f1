"""Scores: how a map agrees with landslides that are known, by pixels and by landslides."""
