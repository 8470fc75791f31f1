"""A service that maps what is put into a spool folder: its jobs, its worker process, and what it tells of itself."""
