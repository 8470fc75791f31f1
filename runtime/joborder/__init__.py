"""Job orders of ESA's processing facilities: their XML, the map each asks for, and what is reported of it."""
