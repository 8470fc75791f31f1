"""The ``landslip`` command: commands are found by name and loaded only when they are run."""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from landslip.runtime.access.location import without_secrets
from landslip.runtime.cli.flags import with_flags
from landslip.runtime.cli.lazy_group import LazyGroup
from landslip.runtime.errors import InputError, LandslipError, ResourceError
from landslip.runtime.system import endings
from landslip.runtime.system.shortage import beside_limit, shortage, within_limit
from landslip.runtime.system.supervisor import LONGEST_SENTENCE, supervised
from landslip.runtime.untrusted.printable import printable, printable_lines

if TYPE_CHECKING:
    _StreamHandler = logging.StreamHandler[TextIO]
else:
    _StreamHandler = logging.StreamHandler  # generic from Python 3.11 on

COMMANDS = {
    "map": ("landslip.runtime.cli.map:map_command", "Map the landslides of an event."),
    "products": ("landslip.runtime.cli.products_command:products_command", "Make further products of a finished map."),
    "score": (
        "landslip.runtime.cli.score:score_command",
        "Score a map against landslides that are known: pixels, and landslides by size.",
    ),
    "package": (
        "landslip.runtime.cli.package:package",
        "Write the application package of this version, for platforms that run CWL.",
    ),
    "demo": (
        "landslip.models.cli.demo:demo",
        "Generate a scene with known truth, map it with the embedded demo model, and score the map.",
    ),
    "get": ("landslip.models.cli.get:get", "Fetch Sentinel-2 images and elevation of an area from a STAC catalogue."),
    "fetch": ("landslip.models.cli.fetch:fetch", "Download a published model or scene, resumed and checked."),
    "export": ("landslip.export.cli.export:export", "Turn a Keras file into ONNX, gated by a parity check."),
    "adopt": ("landslip.export.cli.adopt:adopt", "Take an ONNX network of PyTorch, TensorFlow or another program."),
    "describe": (
        "landslip.export.cli.describe:describe",
        "Print a SPEC.toml to fill in for a network, from what its file says.",
    ),
    "verify": (
        "landslip.export.cli.proof:verify",
        "Prove on this machine that artifacts say what the network says.",
    ),
    "info": ("landslip.export.cli.proof:info", "Say what a file is: model, artifact, reference tiles, record."),
    "doctor": (
        "landslip.export.cli.proof:doctor",
        "Say what can run on this machine, and how to install what is missing.",
    ),
    "bench": (
        "landslip.benchmarks.commands.bench:bench",
        "Measure this machine: speed, parity and memory, each with its context.",
    ),
}
"""Place of each command, as ``module:attribute``, and what it does, in the order of a user's work."""

_FOLDER_GONE = "The current folder is not there any more, and libraries look for it. Change to another one."


@click.group(
    cls=LazyGroup,
    known=COMMANDS,
    calls="landslip",
    extra="export",
    extras={"adopt": "adopt", "bench": "bench"},
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(package_name="landslip", message="%(prog)s %(version)s")
@click.option("-v", "--verbose", count=True, help="Say more on stderr.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing on stderr but warnings and errors.")
def cli(verbose: int, quiet: bool) -> None:
    """Map landslides from satellite images before and after an event, on the machine at hand."""
    level = logging.WARNING if quiet else logging.DEBUG if verbose else logging.INFO
    handler = _Stderr()
    handler.setFormatter(_Plain())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("landslip").setLevel(level)
    if not verbose:
        # What GDAL says of a file is in our own sentences.
        for library in ("rasterio", "pyogrio"):
            logging.getLogger(library).setLevel(logging.CRITICAL)


class _Stderr(_StreamHandler):
    """Standard error, as far as there is one; a lack of memory is nothing that only the log may hear of."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name of the standard library
        error = sys.exc_info()[1]
        if isinstance(error, MemoryError):
            raise error
        if not isinstance(error, OSError):
            super().handleError(record)


class _Plain(logging.Formatter):
    """The message alone, without what a terminal would obey, and without secrets in addresses, which GDAL repeats."""

    def format(self, record: logging.LogRecord) -> str:
        return without_secrets(printable_lines(with_flags(super().format(record))))


def main(args: list[str] | None = None) -> None:
    """Run a command line and exit with its code.

    0 done, 1 failed, 2 wrong usage, 3 bad input, 4 engine or device not usable, or too little memory, 130 interrupted,
    143 terminated.
    """
    sys.exit(supervised(partial(run, args), with_flags))


def run(args: list[str] | None = None) -> int:
    """Run a command line and give its exit code; errors are said on stderr in a sentence."""
    try:
        return _run(args)
    except KeyboardInterrupt as interruption:
        return _interrupted(interruption)


def _run(args: list[str] | None) -> int:
    try:
        result: Any = cli.main(args, prog_name="landslip", standalone_mode=False)
    except click.exceptions.Abort as abort:  # what click makes of a KeyboardInterrupt
        return _interrupted(abort.__cause__)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except Exception as error:
        try:
            return _failed(error)
        except MemoryError:  # not even for the sentence
            endings.say_no_memory()
            return ResourceError.exit_code
    return result if isinstance(result, int) else 0


def _failed(error: Exception) -> int:
    """Say an error in a sentence.

    Raises:
        Exception: the error, which no module foresaw, and which is our mistake.
    """
    if isinstance(error, endings.LibraryGivesUpError):
        time.sleep(0.2)  # if it was Ctrl-C after all, the supervisor passes it on
    if endings.end_requested():  # whatever came of it
        return _interrupted(error)
    if isinstance(error, LandslipError):
        limited = beside_limit(str(error)) if isinstance(error, InputError) else None
        _say(limited or str(error))
        return ResourceError.exit_code if limited else error.exit_code
    if (found := shortage(error)) is not None:
        logging.getLogger("landslip").debug("", exc_info=error)
        _say(found)
        return ResourceError.exit_code
    if isinstance(error, (OSError, UnicodeError)):
        # What no module foresaw, such as standard output on a full disk, or a path that is no text.
        logging.getLogger("landslip").debug("", exc_info=error)
        _say(_FOLDER_GONE if _is_folder_gone() else f"{type(error).__name__}: {error}")
        return LandslipError.exit_code
    if (found := within_limit(error)) is not None:
        logging.getLogger("landslip").debug("", exc_info=error)
        _say(found)
        return LandslipError.exit_code
    raise error


def _is_folder_gone() -> bool:
    try:
        Path.cwd()
    except FileNotFoundError:
        return True
    except OSError:
        pass
    return False


def _interrupted(cause: BaseException | None) -> int:
    _say("interrupted.")
    return endings.code_after(cause)


def _say(sentence: str) -> None:
    with contextlib.suppress(OSError):  # the terminal may be gone
        click.echo(f"landslip: {printable(with_flags(sentence), LONGEST_SENTENCE)}", err=True)
