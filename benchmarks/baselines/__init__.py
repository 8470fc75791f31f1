"""Baselines that landslip is compared with: the published loop, and MONAI's sliding window."""
