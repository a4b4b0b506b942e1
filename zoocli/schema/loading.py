"""Decision trees by name or from files."""

from __future__ import annotations

import functools
import os.path
from pathlib import Path

from zoocli.errors import SchemaError, UsageError, some
from zoocli.schema.checks import hint, shown
from zoocli.schema.files import SUFFIXES, built_in_folder, read_yaml
from zoocli.schema.tree import Schema


def load_schema(schema: str | Path | Schema) -> Schema:
    """A built-in tree by name, a YAML file by path, or the schema itself.

    Zoobot's own names are understood too. A text is a file where no built-in tree has that name
    and it ends in .yaml or .yml or names something that exists.

    Raises UsageError for a name that is neither (the closest is suggested), DataError for a file
    that cannot be read, SchemaError for one that is no decision tree.

    >>> load_schema("decals-dr5-ortho")
    <Schema decals-dr5-ortho: 10 questions, 34 answers>
    >>> load_schema("decals_dr5_ortho_schema").name
    'decals-dr5-ortho'
    """
    if isinstance(schema, Schema):
        return schema
    if isinstance(schema, Path):
        return read_schema(schema)
    known = built_in_names()
    name = schema.lower().replace("_", "-").removesuffix("-schema")
    if name in known:
        return built_in(name)
    if schema.lower().endswith(SUFFIXES) or os.path.exists(schema):
        return read_schema(Path(schema))
    alike = [one for one in known if name in one]
    meant = f" There are {some(alike, limit=8)}." if len(alike) > 1 else hint(name, known)
    raise UsageError(
        f"There is no schema {shown(schema)}.{meant} `zoocli schema list` shows the "
        "built-in ones; a file of your own ends in .yaml."
    )


def read_schema(path: str | Path) -> Schema:
    """The tree in a YAML file, named after the file; errors as for `load_schema`."""
    path = Path(path)
    content = read_yaml(path)
    try:
        return Schema.from_dict(content, path.stem)
    except SchemaError as error:
        raise SchemaError(f"{path}: {error}") from error


@functools.cache
def built_in_names() -> tuple[str, ...]:
    """The names of the built-in trees, sorted."""
    return tuple(sorted(path.stem for path in built_in_folder().glob("*.yaml")))


@functools.cache
def built_in(name: str) -> Schema:
    """A built-in tree by its exact name."""
    return read_schema(built_in_folder() / f"{name}.yaml")
