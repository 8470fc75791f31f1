"""Commands and options that the documents name exist."""

from __future__ import annotations

import re
import shlex

import click
import pytest

from helpers.pages import DOCUMENTS, ROOT, blocks, spans, text_of
from landslip.benchmarks.commands.bench import COMMANDS as BENCHES
from landslip.runtime.cli.main import COMMANDS, cli

_OTHERS = {
    "--system-site-packages", "--no-index", "--find-links", "--platform", "--python-version", "--only-binary",
    "--only-binary=:all:", "--help", "--version", "--update-refs",
}  # fmt: skip
"""Options of pip, venv and git, and those that every command has."""


def command_of(words):
    """The click command that words after ``landslip`` call, and the words left."""
    command, context = cli, click.Context(cli)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(context, words[0])
        assert found is not None, f"there is no command {words[0]}"
        command, words = found, words[1:]
    return command, words


def lines_of(document):
    """Lines of landslip in a document's blocks for a shell, and in its prose."""
    for block in blocks(document, "sh"):
        joined = block.replace("\\\n", " ")
        for line in joined.splitlines():
            if re.match(r"\s*(\S*/)?landslip ", line):
                yield re.sub(r"\s#.*|[|;>].*", "", line).strip()
    for span in spans(document):
        if span.startswith("landslip "):
            yield span


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_and_their_options_exist(document):
    for line in lines_of(document):
        words = [word for word in shlex.split(line)[1:] if word not in ("-q", "-v")]
        if not words or words[0] in ("…", "...", "COMMAND") or not re.fullmatch(r"[a-z-]+", words[0]):
            continue  # landslip itself, or any command
        if words[0] == "bench" and len(words) > 1 and words[1] == "NAME":
            continue
        command, rest = command_of(words)
        known = {name for each in command.params for name in (*each.opts, *each.secondary_opts)} | {"--help", "-h"}
        for word in rest:
            if re.match(r"--?[a-z]", word):
                assert word.partition("=")[0] in known, f"{document}: {line}: no {word}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_options_that_are_named_alone_exist(document):
    known = {*_OTHERS, *(name for each in cli.params for name in each.opts)}
    for words in [[name] for name in COMMANDS] + [["bench", name] for name in BENCHES if name != "all"]:
        command, _ = command_of(words)
        known |= {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
    known |= {f"--{name}" for name in ("adam", "damped")}  # of landslip.models.keras.standin
    for span in spans(document):
        for option in re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", span):
            if not span.startswith(("git ", "pip ", "python", "gdal", "ulimit", "conda ", "py ", "docker ")):
                assert option in known, f"{document}: {span}"


def test_verbs_of_make_exist():
    verbs = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for document in DOCUMENTS:
        for verb in re.findall(r"`make ([a-z-]+)", text_of(document)):
            assert verb in verbs, f"{document}: make {verb}"


def test_extras_that_are_installed_exist():
    declared = set(re.findall(r"^([a-z-]+) = \[", (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE))
    for document in DOCUMENTS:
        for extras in re.findall(r"(?:\.|landslip)\[([a-z,-]+)\]", text_of(document)):
            assert set(extras.split(",")) <= declared, f"{document}: {extras}"
