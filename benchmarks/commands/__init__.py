"""The commands of ``landslip bench``, one in each file."""
