"""Results in many parts: a directory that appears complete or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from zoocli.tables.parts.manifest import MANIFEST, PARTS, Manifest, part_name
from zoocli.tables.writing.folders import drafted_folder
from zoocli.tables.writing.guards import refuse_inputs_of_folder

Publish = Callable[[Sequence[int], Mapping[str, Any], Mapping[str, Any] | None], None]


@contextmanager
def parts_folder(target: Path) -> Iterator[tuple[Path, Publish]]:
    """A hidden folder for the parts, and a function that writes the manifest and publishes all.

    That function takes the rows of each part, the metadata of the whole and its summary. An earlier
    result is replaced; a directory with anything else in it is refused.
    """
    with drafted_folder(target, (PARTS, MANIFEST), PARTS) as (folder, show):

        def publish(
            rows: Sequence[int], metadata: Mapping[str, Any], summary: Mapping[str, Any] | None
        ) -> None:
            parts = {part_name(number): count for number, count in enumerate(rows)}
            manifest = Manifest(parts, metadata, summary)
            manifest.write(folder)
            for file in folder.iterdir():
                if file.name not in manifest.names:  # left unfinished by a worker that died
                    file.unlink()
            show()

        yield folder, publish


def check_folder(target: Path, inputs: list[str]) -> None:
    """Raises MachineError where the directory cannot be written, before all the work is done."""
    refuse_inputs_of_folder(target, inputs)
    with parts_folder(target):
        pass
