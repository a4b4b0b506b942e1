"""Copies in the temporary folder, for readers that seek and content that can be read only once."""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Iterable
from pathlib import Path

from zoocli.errors import MachineError
from zoocli.tables.writing.drafts import remove_file


class Spool:
    """A file in the temporary folder (`path`), deleted when nothing refers to this any more.

    It is not kept open: a table may have more parts than a process may have open files. Raises
    MachineError where there is no room, or the content cannot be read.
    """

    def __init__(self, content: Iterable[bytes], name: str) -> None:
        try:
            number, path = tempfile.mkstemp(prefix="zoocli-spool-")
            self.path = Path(path)
            weakref.finalize(self, remove_file, self.path)
            with os.fdopen(number, "wb") as file:
                file.writelines(content)
        except OSError as error:
            raise MachineError(
                f"{name} cannot be copied to the temporary folder: {error.strerror or error}. "
                "Make room there, or choose another folder with TMPDIR."
            ) from error
