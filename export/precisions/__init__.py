"""Graphs in fp16 and INT8, made from the fp32 one; ONNX alone."""
