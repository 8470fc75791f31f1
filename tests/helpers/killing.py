"""Kills maps at random moments with SIGKILL, and lets later runs go on from what is left.

Run as a script it imports everything once and forks for each run, so that a run takes as long as its map. Prints as
JSON how many runs were killed, how many of them after rows were kept, and the digests of all results.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from helpers.engines import CLASS_SPEC, SPEC, class_mixture, mixture
from helpers.rasters import scene_mixed
from helpers.results import names_of_results
from landslip.runtime.engines import EngineOptions, FakeEngine
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.run import run_files
from landslip.runtime.run.product_names import PRODUCTS, made_by
from landslip.runtime.system.drafts import PARTIAL

_PAUSE = 0.01
"""Seconds a batch takes at the least, so that there is something to interrupt."""


def digests(out: Path, names: tuple[str, ...] = PRODUCTS[:-1]) -> list[str]:
    """SHA-256 of the products; the record, which holds times, is left out."""
    return [hashlib.sha256((out / name).read_bytes()).hexdigest() for name in names]


def _slow(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def slowly(batch: Any) -> Any:
        time.sleep(_PAUSE)
        return function(batch)

    return slowly


_ENGINES = {
    "confidence": FakeEngine(SPEC, _slow(mixture)),
    "classes": FakeEngine(CLASS_SPEC, _slow(class_mixture)),
}
"""Engines by what they give."""


def _map(files: Any, out: Path, engine: FakeEngine) -> None:
    options = EngineOptions(tile=64, batch=3)
    map_scene(MapRequest(out / "no-model", files, out, engine=options, resume=True), engine=engine)


def _forked(files: Any, out: Path, engine: FakeEngine, seconds: float | None) -> bool:
    """Map in a child, and kill it after some seconds; whether it had finished by then."""
    child = os.fork()
    if not child:
        code = 1
        try:
            _map(files, out, engine)
            code = 0
        finally:
            os._exit(code)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, -signal.SIGKILL), code
    return code == 0


def _has_checkpoints(journal: Path) -> bool:
    return journal.exists() and "checksum" in journal.read_text()


def main(folder: Path, rounds: int, kind: str) -> None:
    """Kill ``rounds`` maps by an engine of a kind, some of them several times, finish each, and tell."""
    engine, names = _ENGINES[kind], made_by(classes=kind == "classes")
    run_files.INTERVAL = 0.0
    chance = random.Random(rounds + 1)  # noqa: S311 - moments, no secrets
    files = scene_mixed(folder, height_m=3000.0, width_m=1200.0)
    _map(files, folder / "whole", engine)
    began = time.monotonic()
    assert _forked(files, folder / "again", engine, None)
    length = time.monotonic() - began
    killed = kept = 0
    results = [digests(folder / "again", names)]
    for number in range(rounds):
        out = folder / f"killed-{number}"
        while _forked(files, out, engine, chance.uniform(0.1, 1.0) * length):
            shutil.rmtree(out)
            length *= 0.8  # the machine is faster than it was
        while True:
            has_checkpoints = _has_checkpoints(out / PARTIAL / "journal.jsonl")
            killed, kept = killed + 1, kept + has_checkpoints
            if not has_checkpoints:
                length *= 1.2  # or slower
            if chance.random() < 0.5:
                assert _forked(files, out, engine, None)
                break
            if _forked(files, out, engine, chance.uniform(0.1, 1.0) * length):
                break
        results.append(digests(out, names))
        assert sorted(entry.name for entry in out.iterdir()) == names_of_results(out, *names)
    report = {"killed": killed, "kept": kept, "whole": digests(folder / "whole", names), "results": results}
    sys.stdout.write(json.dumps(report))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
