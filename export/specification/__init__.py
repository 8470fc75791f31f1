"""Description of what a Keras file does not say of its network, from SPEC.toml or from the registry."""
