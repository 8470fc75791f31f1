"""What a file says of its own values, by names, tags and units: read here, judged elsewhere."""
