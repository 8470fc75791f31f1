"""Make type stubs of TensorRT from NVIDIA's own Python bindings, for machines without TensorRT.

The bindings are a small package, but link to libraries that come with much larger ones. Empty libraries of the same
names are enough to import them and to read their signatures. What ends up in ``FOLDER/VERSION/``:

    bindings/tensorrt       the bindings, importable with lib/ on the library path; nothing in them can be run
    lib/                    the empty libraries
    stubs/tensorrt          the stubs
    pyrightconfig.json      checks the modules that import tensorrt against them, strictly

Linux only, with a C compiler. Usage: python tools/tensorrt_stubs.py [FOLDER]
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

PACKAGES = {"10.3.0": "tensorrt-cu12-bindings", "11.4.0.106": "tensorrt-cu13-bindings"}
"""The oldest version that is supported, that of JetPack 6, and the newest that is known."""

ROOT = Path(__file__).resolve().parent.parent

_LIBRARIES = ("libnvinfer", "libnvinfer_plugin", "libnvonnxparser")

_SYMBOLS = (
    "createInferBuilder_INTERNAL", "createInferRefitter_INTERNAL", "createInferRuntime_INTERNAL",
    "createNvOnnxParserRefitter_INTERNAL", "createNvOnnxParser_INTERNAL", "getBuilderPluginRegistry",
    "getNvOnnxParserVersion", "getPluginRegistry", "initLibNvInferPlugins",
)  # fmt: skip
"""What the bindings look for when they are loaded."""

_CORRECTIONS = (
    # The bindings have a name "bool" of their own, for a type of tensors.
    (r"((?:->|:) )bool\b", r"\1builtins.bool"),
    (r"(?m)^import typing$", r"import builtins\nimport typing"),
    # Types that the bindings register after the functions that return them come out as "...".
    (r"(def get_error\(self, index: [\w.]+\) -> )\.\.\.", r"\1ParserError"),
    (r"(nvtx_verbosity: )\.\.\.", r"\1ProfilingVerbosity"),
    # These are called by TensorRT, with integers; what is said of arguments that are given is said of them too.
    (r"(def (?:phase_start|step_complete)\(.*: )[\w.]+\)", r"\1int)"),
    (r"(def set_input_shape\(self, name: str, shape: )tuple\)", r"\1tuple[int, ...])"),
    (r"(def set_input_shape\(self, name: str, shape: )list\)", r"\1list[int])"),
    # Its documentation names the buffer protocol, which a generator of stubs cannot see.
    (r"(class IHostMemory:\n)", r"\1    def __buffer__(self, flags: int, /) -> memoryview: ...\n"),
)
"""Patterns and what to put in their place. Each has to be found, so that none outlives its reason."""

_CHECKED = [f"landslip/runtime/engines/tensor_rt/{name}.py" for name in ("library", "compiler", "session")]

_RULES = {
    "typeCheckingMode": "strict",
    "enableTypeIgnoreComments": False,  # those are for mypy, which knows no stubs
    "reportMissingTypeStubs": False,
    "reportMissingModuleSource": False,
    "reportUnnecessaryComparison": False,  # the stubs do not say where the bindings may return None
}


def main(folder: Path) -> None:
    """Make the stubs of every version in a folder."""
    for version, package in PACKAGES.items():
        make_stubs(folder / version, package, version)


def make_stubs(place: Path, package: str, version: str) -> None:
    """Make the stubs of one version, unless they are there already."""
    config = place / "pyrightconfig.json"
    if not config.exists():
        shutil.rmtree(place, ignore_errors=True)  # what an earlier try has left
        unpack(package, version, place)
        link_empty_libraries(place / "lib", version.partition(".")[0])
        generate(place)
    config.write_text(json.dumps(_settings(place.resolve()), indent=2), encoding="utf-8")


def unpack(package: str, version: str, place: Path) -> None:
    """Download the bindings and unpack them under the name they have on a Jetson."""
    _run(
        sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps",
        "--only-binary=:all:", "--dest", str(place), f"{package}=={version}",
    )  # fmt: skip
    (wheel,) = place.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place / "bindings")
    (place / "bindings" / "tensorrt_bindings").rename(place / "bindings" / "tensorrt")


def link_empty_libraries(folder: Path, major: str) -> None:
    """Make shared libraries with the right names whose functions give null."""
    folder.mkdir(exist_ok=True)
    source = folder / "empty.c"
    source.write_text("".join(f"void *{symbol}(void) {{ return 0; }}\n" for symbol in _SYMBOLS), encoding="ascii")
    for library in _LIBRARIES:
        name = f"{library}.so.{major}"
        _run("cc", "-shared", "-fPIC", f"-Wl,-soname,{name}", "-o", str(folder / name), str(source))


def generate(place: Path) -> None:
    """Read the signatures, and correct those that are known to come out wrong."""
    environment = os.environ | {"PYTHONPATH": str(place / "bindings"), "LD_LIBRARY_PATH": str(place / "lib")}
    _run(
        sys.executable, "-m", "pybind11_stubgen", "tensorrt", "--output-dir", str(place / "stubs"),
        environment=environment,
    )  # fmt: skip
    stub = place / "stubs" / "tensorrt" / "tensorrt.pyi"
    text = stub.read_text(encoding="utf-8")
    for wrong, right in _CORRECTIONS:
        text, count = re.subn(wrong, right, text)
        if not count:
            raise SystemExit(f"{stub}: nothing there looks like {wrong}; look again at the corrections.")
    stub.write_text(text, encoding="utf-8")


def _settings(place: Path) -> dict[str, object]:
    return _RULES | {
        "include": [str(ROOT / path) for path in _CHECKED],
        "extraPaths": [str(place / "stubs"), str(ROOT)],
        "pythonVersion": "3.10",
        "venvPath": str(Path(sys.prefix).parent),
        "venv": Path(sys.prefix).name,
    }


def _run(*command: str, environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:6])} ... failed:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build" / "tensorrt"))
