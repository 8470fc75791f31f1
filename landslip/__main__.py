"""``python -m landslip``: the command line."""

from landslip.runtime.cli.main import main

if __name__ == "__main__":
    main()
