"""What a user's machine runs to prove artifacts: verify, info, doctor. Needs no more than the runtime."""
