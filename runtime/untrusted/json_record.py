"""Records that landslip wrote as JSON, read back with types: within bounds, as others may have written them since."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from landslip.runtime.errors import InputError, InputMissingError
from landslip.runtime.untrusted.json_text import MOST_BYTES, parse_json
from landslip.runtime.untrusted.printable import printable

if TYPE_CHECKING:
    from typing_extensions import Self

_TEXT = 300
"""Most characters of a reason."""


class JsonRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A record that does not change; keys that a later version adds are passed over."""

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Self:
        """Read a record from its file.

        Raises:
            InputMissingError: there is no such file.
            InputError: it cannot be read, or holds no such record.
        """
        file = Path(path)
        try:
            with file.open("rb") as stream:
                return cls.of(parse_json(stream.read(MOST_BYTES)))
        except FileNotFoundError as error:
            raise InputMissingError(f"{file} does not exist.", "Check the path.", where=file) from error
        except OSError as error:
            raise InputError(f"{file} cannot be read ({error.strerror}).", where=file) from error
        except (ValueError, RecursionError) as error:
            said = printable(str(error), _TEXT)
            raise InputError(
                f"{file} is no record of this kind, or a damaged one ({said}).", "Copy it again.", where=file
            ) from error

    @classmethod
    def of(cls, values: Any) -> Self:
        """Make a record of what its JSON holds.

        Raises:
            ValueError: it is no such record.
        """
        return msgspec.convert(values, cls)
