"""The rasters of one event brought together, read as windows of one map grid."""
