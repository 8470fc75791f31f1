"""The benchmarks: each answers one question and gives a report."""
