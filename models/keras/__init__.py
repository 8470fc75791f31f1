"""The published network in Keras, and files of it as TensorFlow 1.15 wrote them; needs the export extra."""
