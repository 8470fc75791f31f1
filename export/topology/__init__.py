"""Topology that a saved model declares, checked and cut down to plain data; no TensorFlow, no weights."""
