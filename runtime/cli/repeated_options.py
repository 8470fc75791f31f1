"""Options that name files: several values after one flag are what a shell makes of ``--dem tiles/*.tif``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

import click


class RepeatedOptions(click.Command):
    """A command without arguments, in which ``--dem a.tif b.tif`` means ``--dem a.tif --dem b.tif``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse a command line; see :meth:`click.Command.parse_args`."""
        repeated = chain.from_iterable(
            option.opts for option in self.params if isinstance(option, click.Option) and option.multiple
        )
        return super().parse_args(ctx, [*spread(args, frozenset(repeated))])


def spread(args: Sequence[str], repeated: frozenset[str]) -> Iterator[str]:
    """A command line in which each value of an option that can be repeated has the option's flag before it.

    Args:
        args: the command line.
        repeated: flags of the options that can be repeated.
    """
    flag, value_due = "", False
    for index, arg in enumerate(args):
        if arg == "--":
            yield from args[index:]
            return
        if value_due:  # whatever it begins with: click takes it so
            value_due = False
            yield arg
        elif arg.startswith("-") and len(arg) > 1:
            name, joined, _ = arg.partition("=")
            flag = name if name in repeated else ""
            value_due = bool(flag) and not joined
            yield arg
        else:
            yield from (flag, arg) if flag else (arg,)
