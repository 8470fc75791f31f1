"""One map made by several processes or machines: its cuts, its workers, and how their rows become one map."""
