"""The ``landslip`` command: commands are found by name and loaded only when they are run."""

from __future__ import annotations

import contextlib
import logging
import sys
import time
import traceback
from functools import partial
from pathlib import Path
from typing import Any

import click

from landslip.runtime.cli.flags import with_flags
from landslip.runtime.cli.lazy_group import LazyGroup
from landslip.runtime.cli.log_formats import LOG_FORMATS, error_line, name_options
from landslip.runtime.cli.log_setup import JOB_ORDER, command_asked, failing_code, log_to_stderr, usual_format
from landslip.runtime.errors import InputError, LandslipError, ResourceError
from landslip.runtime.system import endings
from landslip.runtime.system.lean_process import be_lean, share_heap
from landslip.runtime.system.log_fields import clear_log_fields, set_machine_readable
from landslip.runtime.system.shortage import beside_limit, shortage, within_limit
from landslip.runtime.system.supervisor import supervised

COMMANDS = {
    "map": ("landslip.runtime.cli.map:map_command", "Map the landslides of an event."),
    "watch": ("landslip.runtime.cli.watch:watch_command", "Map every job that is put into a spool folder."),
    "joborder": (
        "landslip.runtime.cli.joborder:joborder_command",
        "Carry out a job order of an ESA processing facility.",
    ),
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

_SUPERVISE_THEMSELVES = {"watch"}
"""Commands with a worker process of their own, which hear signals themselves."""

_LEAN = {"map", "watch", "joborder", "products", "score", "demo"}
"""Commands on field laptops and in services; others bring libraries that may look for tables of data."""

_TRACE = 1800
"""Most characters of a traceback, which fit into a sentence with what is before them."""

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
@click.option(
    "--log-format",
    type=click.Choice(LOG_FORMATS),
    help="Form of what is said on stderr: text for people, an object of JSON a line, or lines as processors of ESA's "
    "write them.  [default: text; esa for joborder]",
)
@click.pass_context
def cli(ctx: click.Context, verbose: int, quiet: bool, log_format: str | None) -> None:
    """Map landslides from satellite images before and after an event, on the machine at hand."""
    log_to_stderr(log_format or usual_format(ctx.invoked_subcommand), verbose, quiet)


def main(args: list[str] | None = None) -> None:
    """Run a command line and exit with its code.

    0 done, 1 failed, 2 wrong usage, 3 bad input, 4 engine or device not usable, or too little memory, 130 interrupted,
    143 terminated. Those of ``landslip joborder`` are another table.
    """
    voice = _Voice(args)
    name_options(voice.words)
    if voice.form != "text":
        logging.captureWarnings(True)
    command = command_asked(args)[1]
    if command in _LEAN:
        be_lean()
    else:
        share_heap()
    if command in _SUPERVISE_THEMSELVES:
        sys.exit(run(args))
    sys.exit(supervised(partial(run, args), partial(error_line, voice.form), failing=voice.failing))


def run(args: list[str] | None = None) -> int:
    """Run a command line and give its exit code; errors are said on stderr in a sentence."""
    voice = _Voice(args)
    clear_log_fields()
    name_options(voice.words)
    set_machine_readable(voice.form != "text")
    endings.set_no_memory(voice.no_memory_line, voice.failing(endings.NO_MEMORY))
    try:
        return _run(args, voice)
    except KeyboardInterrupt as interruption:
        return _interrupted(interruption, voice)
    except Exception:
        if voice.form == "text" and voice.failing(1) == 1:
            raise
        told = traceback.format_exc().rstrip()[-_TRACE:]  # of which the last line says most
        return voice.say(f"an error that nobody foresaw: {told}", voice.failing(1))


class _Voice:
    """Voice of a command: the form of what it says, and its exit codes."""

    def __init__(self, args: list[str] | None) -> None:
        self.form, command = command_asked(args)
        self._added = failing_code(command)
        self.words = str if command == JOB_ORDER else with_flags
        """Words for options: a job order is about those of its configuration, which have the names of Python."""

    def failing(self, code: int) -> int:
        """Exit code of a failure that has this one usually."""
        return code + self._added if 0 < code < self._added else code

    def say(self, sentence: str, code: int) -> int:
        """Say an error with the exit code, which is given back."""
        with contextlib.suppress(OSError):  # the terminal may be gone
            click.echo(error_line(self.form, sentence, code), err=True)
        return code

    def no_memory_line(self) -> str:
        """Line on memory that ran out."""
        return error_line(self.form, endings.NO_MEMORY_SENTENCE, self.failing(endings.NO_MEMORY))


def _run(args: list[str] | None, voice: _Voice) -> int:
    try:
        result: Any = cli.main(args, prog_name="landslip", standalone_mode=False)
    except click.exceptions.Abort as abort:  # what click makes of a KeyboardInterrupt
        return _interrupted(abort.__cause__, voice)
    except click.ClickException as error:
        if voice.form == "text":
            error.show()
            return voice.failing(error.exit_code)
        return voice.say(error.format_message(), voice.failing(error.exit_code))
    except Exception as error:
        try:
            return _failed(error, voice)
        except MemoryError:  # not even for the sentence
            endings.say_no_memory()
            return voice.failing(ResourceError.exit_code)
    return result if isinstance(result, int) else 0


def _failed(error: Exception, voice: _Voice) -> int:
    """Say an error in a sentence.

    Raises:
        Exception: the error, which no module foresaw, and which is our mistake.
    """
    if isinstance(error, endings.LibraryGivesUpError):
        time.sleep(0.2)  # if it was Ctrl-C after all, the supervisor passes it on
    if endings.end_requested():  # whatever came of it
        return _interrupted(error, voice)
    if isinstance(error, LandslipError):
        limited = beside_limit(str(error)) if isinstance(error, InputError) else None
        return voice.say(limited or str(error), voice.failing(ResourceError.exit_code if limited else error.exit_code))
    log = logging.getLogger("landslip")
    if (found := shortage(error)) is not None:
        log.debug("", exc_info=error)
        return voice.say(found, voice.failing(ResourceError.exit_code))
    if isinstance(error, (OSError, UnicodeError)):
        # What no module foresaw, such as standard output on a full disk, or a path that is no text.
        log.debug("", exc_info=error)
        sentence = _FOLDER_GONE if _is_folder_gone() else f"{type(error).__name__}: {error}"
        return voice.say(sentence, voice.failing(LandslipError.exit_code))
    if (found := within_limit(error)) is not None:
        log.debug("", exc_info=error)
        return voice.say(found, voice.failing(LandslipError.exit_code))
    raise error


def _is_folder_gone() -> bool:
    try:
        Path.cwd()
    except FileNotFoundError:
        return True
    except OSError:
        pass
    return False


def _interrupted(cause: BaseException | None, voice: _Voice) -> int:
    return voice.say("interrupted.", endings.code_after(cause))
