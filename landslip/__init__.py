"""landslip maps landslides from satellite images before and after an event."""
