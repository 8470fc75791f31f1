"""An export from start to end: try candidates, judge, write records, give names."""
