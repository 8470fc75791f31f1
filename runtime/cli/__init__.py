"""The command line: a command parses, calls one function, prints. Here alone are flags known."""
