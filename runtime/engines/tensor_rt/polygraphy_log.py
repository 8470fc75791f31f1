"""Log of Polygraphy, and of TensorRT through it: into our log, never onto standard output.

Polygraphy is NVIDIA's own toolkit around TensorRT. Left alone it prints what it does, and installs what it misses where
the environment variable ``POLYGRAPHY_AUTOINSTALL_DEPS`` says so. Importing this module ends both, for the whole
process.
"""

from __future__ import annotations

import logging

from polygraphy import config
from polygraphy.logger import G_LOGGER

log = logging.getLogger(__name__)


class Messages(logging.Handler):
    """Hands messages on to our log, and remembers the last error: calls of TensorRT give just None or False."""

    last_error: str | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Called by Polygraphy and TensorRT, from any thread."""
        if record.levelno == logging.ERROR:
            self.last_error = _sentence(record.getMessage())
        # Above errors are the words of exceptions, which we tell; below warnings there is much.
        level = record.levelno if record.levelno in (logging.WARNING, logging.ERROR) else logging.DEBUG
        log.log(level, "TensorRT: %s", record.getMessage())

    def reason(self, error: BaseException | None = None) -> str:
        """Reason why something failed: the words of what was raised for it, and TensorRT's last ones."""
        words = [_sentence(str(error))] if error else []
        return ": ".join([*words, self.last_error] if self.last_error else words) or "no reason given"


def messages_from_now() -> Messages:
    """The messages, without what was said before.

    There is one for the process, as TensorRT keeps to the first logger that it is given.
    """
    _MESSAGES.last_error = None
    return _MESSAGES


def _sentence(words: str) -> str:
    return " ".join(words.split()).rstrip(".")


def _redirected() -> Messages:
    config.AUTOINSTALL_DEPS = False
    G_LOGGER.colors = G_LOGGER.letter = False  # for colours it would print that a package is missing
    G_LOGGER.module_severity = G_LOGGER.VERBOSE  # without what TensorRT calls verbose, many thousand lines a build
    G_LOGGER.use_python_logging_system = True
    logger = logging.getLogger("Polygraphy")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.addHandler(messages := Messages())
    return messages


_MESSAGES = _redirected()
