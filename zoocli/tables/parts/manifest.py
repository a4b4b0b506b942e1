"""A directory that is one table: a Parquet file for each part, and a manifest, written last."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from zoocli.errors import DataError
from zoocli.foundation.regular_files import read_regular
from zoocli.foundation.strict_json import parse_json

MANIFEST = "_zoocli_manifest.json"
PARTS = "part-[0-9][0-9][0-9][0-9][0-9]*.parquet"


def part_name(number: int) -> str:
    """The file name of a part, counted from 0; names sort in the order of the parts.

    >>> part_name(7)
    'part-00007.parquet'
    """
    return f"part-{number:05d}.parquet"


@dataclass(frozen=True)
class Manifest:
    """`parts` gives the rows of every file, in order; `metadata` are those of the whole table."""

    parts: Mapping[str, int]
    metadata: Mapping[str, Any]
    summary: Mapping[str, Any] | None = None
    made_by: str = field(default="zoocli")

    @property
    def names(self) -> Sequence[str]:
        """All files of the directory."""
        return [*self.parts, MANIFEST]

    def write(self, folder: Path) -> None:
        """Writes the file; the caller publishes the directory."""
        content = asdict(self) | {"rows": sum(self.parts.values())}
        (folder / MANIFEST).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Manifest | None:
        """The manifest of a directory; None where it has none, DataError where it is damaged."""
        file = folder / MANIFEST
        try:
            content = parse_json(read_regular(file).decode())
            parts = {str(name): int(rows) for name, rows in content["parts"].items()}
            return cls(parts, {**content["metadata"]}, content.get("summary"))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(
                f"'{file}' is damaged ({error!r}). Run again what wrote that directory, or remove "
                "the file to read the directory like any other."
            ) from error

    def check(self, folder: Path, rows: Mapping[str, int | None]) -> None:
        """Raises DataError unless the parts are these files, with these numbers of rows."""
        if rows != self.parts:
            odd = sorted(
                name for name in {*rows, *self.parts} if rows.get(name) != self.parts.get(name)
            )
            raise DataError(
                f"'{folder}' is incomplete or changed: {len(odd):,} of its files, such as "
                f"'{odd[0]}', do not match {MANIFEST}. Run again what wrote it."
            )
