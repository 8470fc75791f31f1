"""The flow of a map: read, prepare, infer, stitch, save, trace; its dry run and its record."""
