"""Report of a run: one page in one file that a browser opens without a network; it tells what others have found."""
