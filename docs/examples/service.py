"""A service that maps events as they come, and tells of each landslide while the map is being made.

``python service.py MODEL OUT < EVENTS``: a line of EVENTS is ``{"scene": "a/SCENE.toml", "seconds": 600}``. Alerts go
to stdout and logs to stderr, an object a line. SIGTERM ends it within a second; a later run goes on where it stopped.
"""

from __future__ import annotations

import json
import logging
import queue
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import landslip

ATTEMPTS, PAUSE = 3, 2.0  # of an event whose error may pass, and seconds before the second one
stop = threading.Event()


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        said = {"time": self.formatTime(record), "level": record.levelname, "message": record.getMessage()}
        return json.dumps(said | getattr(record, "fields", {}))


def say(message: str, *, level: int = logging.INFO, **fields: Any) -> None:
    logging.getLogger("service").log(level, message, extra={"fields": fields})


def alert(event: dict[str, Any], found: landslip.Landslide) -> None:
    place = {"scene": event["scene"], "lon": found.lon, "lat": found.lat}
    print(json.dumps(place | {"hectares": found.area_ha, "confidence": found.confidence_mean}), flush=True)


def map_event(mapper: landslip.Mapper, event: dict[str, Any], out: Path) -> None:
    name = Path(event["scene"]).parent.name
    options: dict[str, Any] = {"deadline": event.get("seconds"), "cancel": stop, "resume": True}
    with mapper.landslides(event["scene"], out=out / name, **options) as landslides:
        for landslide in landslides:
            alert(event, landslide)
    if landslides.totals is not None:
        say("mapped", scene=event["scene"], landslides=landslides.totals.landslides, out=str(out / name))


def settle(event: dict[str, Any], error: landslip.LandslipError, events: queue.Queue[dict[str, Any]]) -> None:
    attempt, known = event.get("attempt", 1), {"scene": event["scene"], "error": type(error).__name__}
    if error.retryable and attempt < ATTEMPTS and not stop.wait(PAUSE * 2 ** (attempt - 1)):
        events.put(event | {"attempt": attempt + 1})
        say("once more", level=logging.WARNING, attempt=attempt, **known)
    else:
        say("failed", level=logging.ERROR, what=error.what, remedy=error.remedy, where=error.where, **known)


def serve(model: str, out: Path, events: queue.Queue[dict[str, Any]], all_here: threading.Event) -> None:
    with landslip.open_mapper(model) as mapper:  # the engine stays open
        say("ready", model=model, version=landslip.__version__)
        while not stop.is_set() and not (all_here.is_set() and events.empty()):
            try:
                event = events.get(timeout=0.2)
            except queue.Empty:
                continue
            try:
                map_event(mapper, event, out)
            except landslip.CancelledError:
                say("interrupted", scene=event["scene"])  # what is finished is kept
            except landslip.LandslipError as error:
                settle(event, error, events)
    say("stopped")


def main(model: str, out: str) -> None:
    logging.basicConfig(handlers=[logging.StreamHandler()], level=logging.INFO)
    logging.root.handlers[0].setFormatter(JsonLines())
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    events: queue.Queue[dict[str, Any]] = queue.Queue()
    all_here = threading.Event()

    def listen() -> None:
        for line in sys.stdin:
            try:
                events.put({"scene": "", **json.loads(line)})
            except (ValueError, TypeError):
                say("no event", level=logging.ERROR, line=line[:200])
        all_here.set()

    threading.Thread(target=listen, daemon=True).start()
    serve(model, Path(out), events, all_here)


if __name__ == "__main__":
    main(*sys.argv[1:])
