"""One figure of one thing: time, energy, memory, work of a graph, limits of the machine."""
