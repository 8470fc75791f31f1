"""Models and events that landslip ships or knows: registry, Keras networks, synthetic events, training, the demo."""
