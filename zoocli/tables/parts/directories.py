"""The files of a directory or a pattern, and their order.

Files come in the order of their paths below the directory, in which numbers count as numbers:
`part-2` before `part-10`, and in a HATS catalogue by Norder, Dir and Npix. Names that begin with a
dot or an underscore are skipped, as are files of unknown endings.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from zoocli.errors import DataError, some
from zoocli.foundation.regular_files import read_regular
from zoocli.tables.formats import FORMATS, format_of_name

WILDCARD = re.compile(r"[*?[]")
HIDDEN = (".", "_")
PIXELS = "Norder="
COLLECTION = "collection.properties"
PROPERTIES = ("hats.properties", "properties")
NULL_KEY = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class PartFile:
    """A file, and the keys in the names of the folders that lead to it (`survey=dr5`)."""

    path: Path
    keys: Mapping[str, str | None]


def files_of_directory(folder: Path) -> list[PartFile]:
    """The parts of a table in a directory; DataError unless all are of one format.

    Of a HATS catalogue only the data files are read, not margin caches, indexes, thumbnails or
    metadata.
    """
    data = _hats_data(folder)
    base = data or folder
    starts = [base] if data is None else list(data.glob(f"{PIXELS}*"))
    found = {path: format_of_name(path.name) for start in starts for path in _walk(start)}
    formats = {format.name: path for path, format in found.items() if format is not None}
    if not formats:
        raise DataError(
            f"'{folder}' is a directory without tables in it (such as {_endings()}). Give a file, "
            "or a directory of parts."
        )
    if len(formats) > 1:
        raise DataError(
            f"'{folder}' holds files of several formats: {some(formats.values())}. Say which of "
            f"them are meant, for example '{folder}/*.parquet'."
        )
    paths = [path for path, format in found.items() if format is not None]
    return _in_order(base, paths)


def files_of_pattern(pattern: str) -> list[PartFile]:
    """The files that match a pattern with `*`, `?`, `[...]` or `**`, or are in such folders."""
    base = Path(*_before_wildcards(Path(pattern)))
    matches = [Path(match) for match in glob.glob(pattern, recursive=True)]
    paths = {
        path
        for match in matches
        if not _is_hidden(match.relative_to(base))
        for path in _files_of_match(match, "**" in pattern)
    }
    if not paths:
        raise DataError(f"No file matches '{pattern}'. Check the name and the folder.")
    return _in_order(base, paths)


def _files_of_match(match: Path, recursive: bool) -> Iterable[Path]:
    if not match.is_dir():
        return [match]
    return [] if recursive else [part.path for part in files_of_directory(match)]


def is_pattern(path: str) -> bool:
    """Whether the path has wildcards and no file has exactly that name."""
    return bool(WILDCARD.search(path)) and not os.path.lexists(path)


def _before_wildcards(pattern: Path) -> Iterator[str]:
    for name in pattern.parts:
        if WILDCARD.search(name):
            return
        yield name


def _walk(folder: Path) -> Iterator[Path]:
    """All files below a folder; every folder once, even where links form a cycle."""
    seen = set()
    for here, folders, names in os.walk(folder, followlinks=True, onerror=_refuse):
        place = os.path.realpath(here)
        folders[:] = [name for name in folders if not name.startswith(HIDDEN)]
        if place in seen:
            folders.clear()
            continue
        seen.add(place)
        for path in (Path(here, name) for name in names if not name.startswith(HIDDEN)):
            if path.exists() and not path.is_file():
                raise DataError(f"'{path}' is a pipe or a device. Take it out of the directory.")
            yield path


def _refuse(error: OSError) -> None:
    raise DataError(f"'{error.filename}' cannot be read: {error.strerror}.") from error


def _in_order(base: Path, paths: Iterable[Path]) -> list[PartFile]:
    placed = sorted((_natural(path.relative_to(base)), path) for path in paths)
    return [PartFile(path, _keys(path.relative_to(base).parent)) for _, path in placed]


def _natural(path: Path) -> list[tuple[list[str | int], str]]:
    """A sort key in which numbers count as numbers; equal numbers are ordered as text."""
    return [(_numbers_apart(name), name) for name in path.parts]


def _numbers_apart(name: str) -> list[str | int]:
    pieces = re.split("([0-9]+)", name)
    return [int(piece) if place % 2 else piece for place, piece in enumerate(pieces)]


def _keys(folder: Path) -> dict[str, str | None]:
    pairs = [name.partition("=") for name in folder.parts]
    return {
        unquote(key): None if value == NULL_KEY else unquote(value)
        for key, equals, value in pairs
        if key and equals
    }


def _is_hidden(path: Path) -> bool:
    return any(name.startswith(HIDDEN) for name in path.parts)


def _endings() -> str:
    return ", ".join(suffix for format in FORMATS for suffix in format.suffixes)


def _hats_data(folder: Path) -> Path | None:
    """The folder of a HATS catalogue's pixels; None for any other directory."""
    primary = _properties(folder / COLLECTION).get("hats_primary_table_url")
    if primary:
        if os.path.isabs(primary) or ".." in Path(primary).parts:
            raise DataError(
                f"'{folder / COLLECTION}' names a catalogue outside of its folder: '{primary}'. "
                "Give that catalogue itself if it is meant."
            )
        folder = folder / primary
    for name in PROPERTIES:
        if _properties(folder / name).get("dataproduct_type") == "margin":
            raise DataError(
                f"'{folder}' is the margin cache of a HATS catalogue, with copies of galaxies near "
                "the edges of pixels. Give the catalogue itself."
            )
    places = (folder / "dataset", folder)
    return next((place for place in places if any(place.glob(f"{PIXELS}*"))), None)


def _properties(file: Path) -> dict[str, str]:
    """The `key=value` lines of a file; none where it does not exist."""
    try:
        lines = read_regular(file).decode(errors="replace").splitlines()
    except OSError:
        return {}
    pairs = (line.partition("=") for line in lines if not line.startswith("#"))
    return {key.strip(): value.strip() for key, equals, value in pairs if equals}
