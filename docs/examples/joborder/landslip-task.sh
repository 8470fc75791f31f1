#!/bin/sh
# Executable of the task in a task table: the configuration lies beside it.
exec landslip joborder --config "$(dirname "$0")/landslip-ipf.toml" "$1"
