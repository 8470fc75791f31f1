"""Proof of artifacts on a user's machine: verify, info, doctor. Needs no more than the runtime."""
