"""Baselines that landslip is compared with: the published loop, and others who lay tiles: MONAI, geoai, TerraTorch."""
