"""Throughput, parity and memory, measured side by side."""
