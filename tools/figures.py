"""Figures in README and docs, taken from the reports that are kept.

``python tools/figures.py`` writes every marked place anew; with ``--check`` it changes nothing, names the pages that
differ, and exits with 1 if there are some. Run it after a new report has come into the repository. Marks are comments:

- ``<!-- figure:REPORT.KEY -->…<!-- /figure -->`` holds the finding KEY of REPORT, as ``.3g``, or in the format that
  follows a colon: ``figure:throughput.best_preset_vs_published_km2:.1f``. REPORT is the name of a report, or its
  beginning up to a hyphen where only one report begins so.
- ``<!-- figure:machine -->…`` says what machine the reports are of, ``figure:weights`` what weights the network had.
- ``<!-- figure:link -->[text](…/results/FOLDER/PAGE.md)…`` leads into the folder of the reports.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from landslip.benchmarks.reports.machine_names import narrow_arithmetic
from landslip.benchmarks.reports.stored_report import StoredReport, read_report
from landslip.runtime.errors import InputError

ROOT = Path(__file__).parents[1]

RESULTS = ROOT / "benchmarks" / "results"

FOLDER = "amd-epyc-vnni-bf16-2-cores"
"""Folder of the reports that README and docs speak of. This is the one place that says so."""

_MARK = re.compile(r"(<!-- figure:(?P<what>[^\s>]+) -->)(?P<text>.*?)(<!-- /figure -->)", re.DOTALL)
_NUMBERS = {1: "one core", 2: "two cores", 4: "four cores", 8: "eight cores"}

_WEIGHTS = {"standin": "random stand-in weights", "judge": "the weights of the judge"}


def pages(root: Path) -> Iterator[Path]:
    """README and the pages of docs."""
    yield root / "README.md"
    yield from sorted((root / "docs").rglob("*.md"))


def rewritten(text: str, folder: Path) -> str:
    """A page with the figures of the reports in a folder.

    Raises:
        InputError: a mark asks for what no report there says.
    """
    return _MARK.sub(lambda mark: mark[1] + _text(mark["what"], mark["text"], folder) + mark[4], text)


def _text(what: str, before: str, folder: Path) -> str:
    if what == "link":
        return re.sub(r"results/[^/()]+/", f"results/{folder.name}/", before)
    if what == "machine":
        return _machine(_report(folder, "throughput"))
    if what == "weights":
        model = _report(folder, "throughput").settings["model"]
        return _WEIGHTS.get(model, f"the weights of {model}")
    name, _, key = what.partition(":")[0].partition(".")
    shape = what.partition(":")[2] or ".3g"
    finding = _report(folder, name).findings.get(key)
    if finding is None:
        raise InputError(f"{folder.name} has no finding {key!r} in its report {name!r}. Correct the mark, or measure.")
    return format(finding.value, shape) + (" (on a busy machine)" if finding.busy else "")


def _machine(report: StoredReport) -> str:
    cores = report.environment["cores"]
    cpu = re.sub(r"\((?:R|TM)\)|\bCPU\b|@.*", "", report.environment["cpu"])
    article = "an" if cpu.strip()[0] in "AEIOU" else "a"
    more = " and ".join(word.upper() for word in narrow_arithmetic(report.environment))
    processor = " ".join(cpu.split()) + f" with {more}" * bool(more)
    return f"{_NUMBERS.get(cores, f'{cores} cores')} of {article} {processor}"


@cache
def _report(folder: Path, name: str) -> StoredReport:
    exact = folder / f"{name}.json"
    found = [exact] if exact.exists() else sorted(folder.glob(f"{name}-*.json"))
    if len(found) != 1:
        raise InputError(f"{folder.name} has {len(found)} reports {name!r}, where a mark asks for one.")
    return read_report(found[0])


def main(arguments: list[str] | None = None) -> int:
    """Write or check all pages; the exit code."""
    parser = argparse.ArgumentParser(description="Figures in README and docs, from the reports that are kept.")
    parser.add_argument("--check", action="store_true", help="change nothing, and exit with 1 if a page differs")
    check = parser.parse_args(arguments).check
    differing = 0
    for page in pages(ROOT):
        before = page.read_text(encoding="utf-8")
        after = rewritten(before, RESULTS / FOLDER)
        if after == before:
            continue
        differing += 1
        if not check:
            page.write_text(after, encoding="utf-8")
        sys.stdout.write(f"{page.relative_to(ROOT)} {'differs from the reports' if check else 'rewritten'}\n")
    return int(check and differing > 0)


if __name__ == "__main__":
    sys.exit(main())
