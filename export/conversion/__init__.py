"""Conversion of checked topology to the network in its two forms: the ONNX graph and the Keras reference."""
