"""TensorFlow and Keras 2, imported here once with their start-up noise turned off.

Everything in landslip that needs TensorFlow takes ``tf`` and ``keras`` from this module, so that the environment is set
before the first import, and so that what is missing is said in one place. Import it only from modules that the lean
runtime never reaches.
"""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from landslip.runtime.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

# Read once, when the shared library is loaded: 3 leaves errors only. A user's own setting wins.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# The saved networks are Keras 2: `tf.keras` must not turn into Keras 3 underneath them.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")


@contextmanager
def _native_stderr_held() -> Iterator[None]:
    """Keep what native code writes to stderr, and show it only when the block fails.

    TensorFlow logs the absence of a GPU before its log level is in force, so that no setting silences it.
    """
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(saved, held.read())
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)


# Before TensorFlow, for whoever imports pyogrio later; one that is there already is judged where it is used.
if "pyogrio" not in sys.modules:
    from landslip.runtime.access import bound_pyogrio  # noqa: F401

try:
    with _native_stderr_held():
        import tensorflow as tf
        import tf_keras as keras

        tf.config.list_physical_devices()  # the first look for a GPU is the other thing that is logged
except ImportError as error:
    raise UsageError(
        f"Keras models need TensorFlow and tf_keras, which are not usable here ({error}).",
        "Install them with: pip install 'landslip[export]'",
    ) from error

tf.get_logger().setLevel("ERROR")

__all__ = ["keras", "tf"]
