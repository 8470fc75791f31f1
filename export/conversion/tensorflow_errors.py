"""Errors that TensorFlow and Keras raise while they build or run a network, as sentences."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from landslip.models.keras.quiet_tensorflow import tf
from landslip.runtime.errors import LandslipError, ModelError
from landslip.runtime.untrusted.printable import printable

_SHOWN = 300
"""Characters of a reason that a message repeats at the most."""


@contextmanager
def told(what: str) -> Iterator[None]:
    """Translate what ends the block.

    Args:
        what: what is done in it, as the beginning of a sentence.

    Raises:
        ModelError: memory or stack do not suffice, or TensorFlow refuses.
    """
    try:
        yield
    except LandslipError:
        raise
    except (MemoryError, tf.errors.ResourceExhaustedError) as error:
        raise ModelError(f"{what} takes more memory than there is.") from error
    except RecursionError as error:
        raise ModelError(f"{what} nests too deeply: too many of its layers lie one behind the other.") from error
    except (ValueError, TypeError, tf.errors.OpError) as error:
        raise ModelError(f"{what} fails: {reason(error)}") from error


def reason(error: BaseException) -> str:
    """Message of an exception, on one line and not at length."""
    return printable(" ".join(str(error).split()), _SHOWN)
