"""Finds the fastest engine, precision, batch and number of threads for a model on this machine, and keeps it.

From the ground up: ``ways`` is pure; ``speed`` measures; ``search`` tries, judges and refines; ``tuning`` brings all
together for ``landslip bench tune``.
"""
