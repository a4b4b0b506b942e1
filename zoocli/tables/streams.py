"""Standard input and named pipes: kept as a file while they are read."""

from __future__ import annotations

import shutil
import tempfile
from typing import IO, Any

from zoocli.errors import MachineError


def spooled(stream: IO[bytes], name: str) -> Any:
    """A copy of the stream in the temporary folder, which goes when nothing refers to it any more.

    Readers seek, and ids may be looked at twice. Raises MachineError where there is no room.
    """
    try:
        spool = tempfile.NamedTemporaryFile(prefix="zoocli-stdin-")  # noqa: SIM115 (outlives this)
        shutil.copyfileobj(stream, spool, 1 << 20)
        spool.flush()
    except OSError as error:
        raise MachineError(
            f"{name} cannot be kept in the temporary folder: {error.strerror or error}. Make room "
            "there, or name another with TMPDIR."
        ) from error
    return spool
