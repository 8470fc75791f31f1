"""A group of commands that are found by name and imported only when they are run."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click

from landslip.runtime.system.extras import needs_extra
from landslip.runtime.system.log_fields import is_machine_readable

Commands = Mapping[str, tuple[str, str]]
"""Place of each command, as ``module:attribute``, and what it does, by name."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are run; its help needs none of them."""

    def __init__(self, *, known: Commands, calls: str, extra: str, extras: Mapping[str, str], **settings: Any) -> None:
        """Make a group.

        Args:
            known: its commands, in the order of its help.
            calls: how the group is called, for messages: ``landslip bench``.
            extra: extra of landslip that installs what a command may lack.
            extras: another one, by the name of a command, or of a package.
            settings: of :class:`click.Group`.
        """
        super().__init__(**settings)
        self._known, self._calls, self._extra, self._extras = known, calls, extra, extras

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of the help."""
        del ctx
        return list(self._known)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command.

        Raises:
            UsageError: it needs a package that is not installed.
        """
        del ctx
        if cmd_name not in self._known:
            return None
        module, attribute = self._known[cmd_name][0].split(":")
        extra = self._extras.get(cmd_name, self._extra)
        with needs_extra(f"{self._calls} {cmd_name}", extra, self._extras):
            command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; click would begin a line on standard error after Ctrl-C, which is none of the log's."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as interruption:
            if is_machine_readable():
                raise click.Abort from interruption
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One line for each command, without importing any."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in self._known.items()])
