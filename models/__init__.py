"""What the models are: registry, topology, synthetic events, the demo model."""
