"""Readers of what others wrote, within bounds, and words that are safe to print. Imports errors alone."""
