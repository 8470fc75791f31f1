"""Kinds of layers, each with its settings, shapes and weights; no TensorFlow, and no code from a file."""
