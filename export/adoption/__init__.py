"""Adoption of an ONNX file of another program: read within bounds, fitted to its description, given our inputs."""
