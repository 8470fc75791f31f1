"""The bill of materials of the lean runtime, in CycloneDX: what is installed with it, and under which licence.

``make sbom`` runs it: it installs landslip and what it needs into an environment of its own, lists that, and checks the
list. ``python tools/sbom.py --python PYTHON`` lists the environment of a Python that is there already.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

ROOT = Path(__file__).parents[1]
EXTRAS = "cpu,openvino,watch"
"""Extras of the environment: those of the container image."""

PERMISSIVE = frozenset({
    "0bsd", "3-clause bsd license", "apache license 2.0", "apache software license", "apache-2.0",
    "apache-2.0 with llvm-exception", "bsd", "bsd license", "bsd-2-clause", "bsd-3-clause", "cc0-1.0", "isc", "mit",
    "mit license", "mit-cmu", "psf-2.0", "python software foundation license", "zlib",
})  # fmt: skip
"""Licences that ask for no more than to be named."""

REASONS = {
    "certifi": "MPL-2.0: changes to its own files stay open, and we change none; nothing of it is in landslip",
    "tqdm": "MPL-2.0 and MIT: the same",
}
"""Distributions whose licence asks for more, or which state none that can be read, and why they may be in the set."""


def environment(folder: Path) -> Path:
    """Install landslip with :data:`EXTRAS` into an environment of its own, without pip; its Python."""
    venv.create(folder, clear=True, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--disable-pip-version-check"]
    with tempfile.TemporaryDirectory() as place:
        # From a copy: setuptools leaves its build folder beside the sources.
        source = Path(place) / "source"
        shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".*", "__pycache__", "build", "*.egg-info"))
        subprocess.run([*pip, "-c", ROOT / "constraints.txt", f"{source}[{EXTRAS}]"], check=True)
    return python


def bill_of(python: Path) -> dict[str, Any]:
    """The bill of materials of a Python's environment, valid by the schema of CycloneDX, equal for equal environments.

    Raises:
        CalledProcessError: it cannot be made, or is not valid.
    """
    command = [sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible", "--validate"]
    command += ["--pyproject", ROOT / "pyproject.toml", "--of", "JSON", python]
    bill: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    stated = {each.name: str(each.metadata.get("License") or "") for each in distributions(path=_packages_of(python))}
    for component in bill.get("components", []):
        # Words of their own for a licence are left out by the tool; they are what the distribution says.
        text = stated.get(component["name"], "")
        if not component.get("licenses") and 0 < len(text) <= 60:
            component["licenses"] = [{"license": {"name": text, "acknowledgement": "declared"}}]
    check_valid(json.dumps(bill))
    return bill


def check_valid(text: str) -> None:
    """Make sure that a bill of materials is as the schema of CycloneDX has it.

    Raises:
        ValueError: it is not.
    """
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if error is not None:
        raise ValueError(f"The bill of materials is not valid: {error}")


def _packages_of(python: Path) -> list[str]:
    tell = "import sysconfig; print(sysconfig.get_path('purelib'))"
    return subprocess.run([python, "-c", tell], check=True, capture_output=True, text=True).stdout.split("\n")[:1]


def licences_of(component: dict[str, Any]) -> list[str]:
    """Licences that a component states: an expression, or names."""
    stated = component.get("licenses", [])
    named = [each.get("expression") or each["license"].get("id") or each["license"].get("name") for each in stated]
    return sorted({text.rpartition(" :: ")[2] for text in named if text})


def objections(bill: dict[str, Any]) -> Iterator[str]:
    """Sentences on components that state no licence, or one that asks for more than to be named and has no reason."""
    if not bill.get("components"):
        yield "The bill of materials lists nothing."
    for component in bill.get("components", []):
        name, stated = component["name"].lower(), licences_of(component)
        if name == "landslip" or name in REASONS:
            continue
        if not stated:
            yield f"{name} {component['version']} states no licence."
        for text in stated:
            if not PERMISSIVE.issuperset(_parts(text)):
                yield f"{name} {component['version']} states {text[:80]!r}, which asks for more than to be named."


def _parts(expression: str) -> list[str]:
    return [part.strip(" ()").lower() for part in re.split(r" AND | OR ", expression)]


def main() -> int:
    """Write the bill of materials and check it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", type=Path, help="Python of an environment that is there already")
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "build" / "sbom.cdx.json")
    options = parser.parse_args()
    bill = bill_of(options.python or environment(ROOT / "build" / "lean"))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(bill, indent=2) + "\n", encoding="utf-8")
    found = list(objections(bill))
    say = sys.stderr.write
    for sentence in found:
        say(f"{sentence}\n")
    say(f"{options.out} lists {len(bill.get('components', []))} distributions\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
