"""Spools for the tests of ``landslip watch``: folders, jobs of tiny scenes, and watchers as processes of their own.

Run as a script it watches a spool until a step at which it kills itself.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import landslip
from helpers.models import brightness_model
from helpers.rasters import scene_mixed
from landslip.runtime.watch import service
from landslip.runtime.watch.job_run import JobRun
from landslip.runtime.watch.observer import SilentObserver
from landslip.runtime.watch.spool_folders import open_spool
from landslip.runtime.watch.spool_toml import read_spool_toml

PRODUCTS = ("confidence.tif", "confidence.qml", "landslides.gpkg", "quicklook.png")
"""Products that are the same bytes whenever they are made of the same."""

QUICK = "poll = 0.1\n[retry]\npause = 0.05\n[room]\nleast_free_gb = 0\n"
"""Lines of SPOOL.toml that leave no time to waste."""


def make_spool(folder: Path, lines: str = QUICK, scene_m: float = 700.0) -> Path:
    """Make a spool with the model and a scene beside it; its SPOOL.toml."""
    folder.mkdir(parents=True, exist_ok=True)
    brightness_model(folder / "m.onnx")
    scene_mixed(folder, scene_m, 700.0)
    config = folder / "SPOOL.toml"
    config.write_text(f'model = "m.onnx"\n{lines}')
    open_spool(folder)
    return config


def job_text(job: dict[str, Any] | None = None, **scene: Any) -> str:
    """Text of a job file for the scene beside the spool."""
    named = {"pre": "../pre.tif", "post": "../post.tif", "dem": "../dem.tif", "masks": "../mask.tif", **scene}
    lines = [f"{key} = {json.dumps(value)}" for key, value in named.items() if value is not None]
    lines += ["[job]", *(f"{key} = {json.dumps(value)}" for key, value in (job or {}).items())]
    return "\n".join(lines) + "\n"


def put(config: Path, name: str, text: str | None = None, **job: Any) -> Path:
    """Put a job into the spool as a scheduler does: under another name first."""
    file = config.parent / "in" / name
    hidden = file.with_name(f".{name}.part")
    hidden.write_text(job_text(job) if text is None else text)
    hidden.rename(file)
    return file


def watch_once(config: Path, observer: Any = None) -> int:
    """Work off a spool in this process."""
    read = read_spool_toml(config)
    return service.watch(open_spool(read.spool_path), read, observer or SilentObserver(), once=True)


def single_run(config: Path, out: Path) -> dict[str, bytes]:
    """Products of the scene by the public function, as bytes."""
    folder = config.parent
    given = {key: folder / f"{key}.tif" for key in ("pre", "post", "dem")}
    landslip.map_scene(**given, masks=folder / "mask.tif", model=folder / "m.onnx", out=out)
    return products(out)


def products(out: Path) -> dict[str, bytes]:
    """Products of a folder as bytes."""
    return {name: (out / name).read_bytes() for name in PRODUCTS}


def marker(config: Path, name: str) -> dict[str, Any]:
    """Content of the marker of a job."""
    found: dict[str, Any] = json.loads((config.parent / "out" / f"{name}.done").read_text())
    return found


def error_of(config: Path, name: str) -> dict[str, Any]:
    """Content of the error file of a job."""
    found: dict[str, Any] = json.loads((config.parent / "failed" / f"{name}.error.json").read_text())
    return found


def names(config: Path, folder: str) -> list[str]:
    """Names in a folder of the spool, without hidden ones."""
    return sorted(path.name for path in (config.parent / folder).iterdir() if not path.name.startswith("."))


def start_watcher(config: Path, *options: str) -> subprocess.Popen[str]:
    """Start ``landslip watch``."""
    command = [sys.executable, "-m", "landslip", "watch", str(config), *options]
    return subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@contextmanager
def running_watcher(config: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Start ``landslip watch``, and end it with the block, whatever a test has found by then."""
    with start_watcher(config, *options) as watcher:
        try:
            yield watcher
        finally:
            watcher.kill()


def start_doomed(config: Path, step: str) -> subprocess.Popen[bytes]:
    """Start a watcher that kills itself at a step."""
    path = os.pathsep.join(path for path in sys.path if path)
    return subprocess.Popen(
        [sys.executable, "-m", "helpers.spools", str(config), step], env={**os.environ, "PYTHONPATH": path}
    )


def wait_for(what: Callable[[], Any], seconds: float = 120.0) -> Any:
    """Wait until something is true."""
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)
    return found


def workers_of(pid: int) -> list[int]:
    """Worker processes of a watcher."""
    return [child for child, parent, words in _processes() if parent == pid and "job_worker" in words]


def _processes() -> Iterator[tuple[int, int, str]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                yield int(entry.name), parent, (entry / "cmdline").read_bytes().decode(errors="replace")
            except (OSError, ValueError, IndexError):
                continue


def _die(*_: Any, **__: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


class _Killer(SilentObserver):
    """Kills this process as soon as a map has begun."""

    def job_progress(self, job: Any, done: int, total: int) -> None:
        """See :class:`SilentObserver`."""
        del job, done
        if total:
            _die()


def _doomed(config: Path, step: str) -> None:
    """Watch a spool, and be killed at a step."""
    read = read_spool_toml(config)
    observer: Any = SilentObserver()
    if step == "before claim":
        service.claim_new = _die
    elif step == "within claim":  # the folder in work/ is there, and the job file not yet in it
        rename, config_in = Path.rename, config.parent / "in"
        Path.rename = lambda path, target: _die() if path.parent == config_in else rename(path, target)  # type: ignore[method-assign, assignment]
    elif step == "after claim":
        service.JobRun = _die  # type: ignore[misc, assignment]
    elif step == "mid map":
        observer = _Killer()
    elif step == "before marker":
        JobRun.succeed = _die  # type: ignore[method-assign]
    elif step == "before move":
        from landslip.runtime.watch import job_run

        job_run.finish_done = _die
    elif step == "failure decided":
        from landslip.runtime.watch import job_run

        job_run.finish_failed = _die
    service.watch(open_spool(read.spool_path), read, observer, once=True)


if __name__ == "__main__":
    _doomed(Path(sys.argv[1]), sys.argv[2])
