"""``landslip watch``."""

from __future__ import annotations

from pathlib import Path

import click

from landslip.runtime.cli.paths import PATH


@click.command("watch")
@click.argument("config", metavar="SPOOL.toml", type=PATH)
@click.option("--once", is_flag=True, help="Work off the jobs that are there, and end; exit code 1 if one is left.")
@click.option("--check", is_flag=True, help="Check SPOOL.toml, folders, model, engine and free space, and end.")
def watch_command(config: Path, once: bool, check: bool) -> int:
    """Map every job that is put into a spool folder.

    SPOOL.toml names the model and the folder that holds in/, work/, done/, failed/ and out/. A job is a SCENE.toml or a
    STAC Item that is moved into in/; its results come to out/NAME, and then out/NAME.done says that they are there.
    Several watchers, on several machines, may share one spool.
    """
    from landslip.runtime.watch.front import check_spool, run_watch  # noqa: PLC0415 - what --help needs not

    if check:
        if once:
            raise click.UsageError("--check maps nothing, and --once does: give one of the two.")
        for line in check_spool(config):
            click.echo(line)
        return 0
    return run_watch(config, once=once)
