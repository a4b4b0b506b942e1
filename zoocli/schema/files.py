"""Schema files: YAML text to plain dicts and lists and back, refusing what it did not mean.

Only the syntax is settled here; `Schema` says whether the content is a decision tree.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoocli.errors import DataError, MachineError, SchemaError, shortened
from zoocli.schema.checks import shown

if TYPE_CHECKING:
    import yaml

MAX_BYTES = 1_000_000
MAX_DEPTH = 8
SUFFIXES = (".yaml", ".yml")

_TAG = "tag:yaml.org,2002:"


def built_in_folder() -> Path:
    """Where the built-in trees lie: in the installed package, else in the checkout.

    Raises MachineError where neither has them, which only a broken installation does.
    """
    here = Path(__file__).parents[1]
    for folder in (here / "schemas", here.parent / "schemas"):
        if folder.is_dir():
            return folder
    raise MachineError("The built-in schemas are missing from this installation: reinstall zoocli.")


def read_yaml(path: Path) -> Any:
    """The content of a YAML file as dicts, lists, str and None; nothing else comes out.

    Refused, with the line: duplicate keys (YAML keeps the last silently), anything that YAML does
    not read as text (an unquoted yes, a number, a date), tags, anchors and aliases, deep nesting.
    Nodes are read and never constructed, so no file can run code.

    Raises DataError for a file that cannot be read, SchemaError for one that cannot be meant.
    """
    text = _read_text(path)
    try:
        return _parse(text)
    except SchemaError as error:
        raise SchemaError(f"{path}: {error}") from error


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file.") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path}: the schema file cannot be read ({reason}).") from error
    if len(content) > MAX_BYTES:
        raise SchemaError(f"{path}: larger than {MAX_BYTES:,} bytes: this is not a schema file.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SchemaError(
            f"{path}: byte {error.start:,} is not UTF-8 text. Save the schema file as UTF-8."
        ) from error


def _parse(text: str) -> Any:
    import yaml

    # The compiled loader, where PyYAML has it, is ten times faster: `detect` reads every tree.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _check_events(text, loader)
        root = yaml.compose(text, loader)
    except yaml.MarkedYAMLError as error:
        where = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise SchemaError(f"{where}not valid YAML ({error.problem or error.context}).") from error
    except yaml.YAMLError as error:
        raise SchemaError(f"not valid YAML ({' '.join(str(error).split())}).") from error
    if root is None:
        raise SchemaError("the file is empty: a schema has question_answer_pairs and dependencies.")
    return _plain(root)


def _check_events(text: str, loader: type[yaml.SafeLoader]) -> None:
    """Refuses what could make a small file explode, before any node is built."""
    import yaml

    depth = 0
    for event in yaml.parse(text, loader):
        if getattr(event, "anchor", None) is not None:  # an alias has one too
            raise SchemaError(
                f"{_line(event)}: anchors (&) and aliases (*) are not allowed: write the value out,"
                " in quotes if it begins with such a sign."
            )
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise SchemaError(f"{_line(event)}: nested too deeply for a schema.")


def _plain(node: yaml.Node) -> Any:
    import yaml

    if isinstance(node, yaml.MappingNode) and node.tag == f"{_TAG}map":
        return _plain_mapping(node)
    if isinstance(node, yaml.SequenceNode) and node.tag == f"{_TAG}seq":
        return [_plain(item) for item in node.value]
    if isinstance(node, yaml.ScalarNode) and node.tag == f"{_TAG}null":
        return None
    return _text(node)


def _plain_mapping(node: yaml.MappingNode) -> dict[str, Any]:
    content: dict[str, Any] = {}
    lines: dict[str, str] = {}
    for key_node, value_node in node.value:
        key = _text(key_node)
        if key in content:
            raise SchemaError(
                f"{_line(key_node)}: {shown(key)} stands here a second time (first at "
                f"{lines[key]}). YAML would silently keep the last: remove or rename one."
            )
        content[key] = _plain(value_node)
        lines[key] = _line(key_node)
    return content


def _text(node: yaml.Node) -> str:
    import yaml

    tag = node.tag.removeprefix(_TAG)
    if isinstance(node, yaml.ScalarNode) and tag == "str":
        return str(node.value)
    if not isinstance(node, yaml.ScalarNode):
        raise SchemaError(f"{_line(node)}: a {shortened(tag)} stands where plain text belongs.")
    if tag == "bool":
        raise SchemaError(
            f"{_line(node)}: YAML reads an unquoted {node.value} as true or false, not as text. "
            f'Quote it: "{node.value}" (answers are suffixes, such as _yes and _no).'
        )
    raise SchemaError(
        f"{_line(node)}: YAML reads {shown(node.value)} as {shortened(tag)}, not as text. Put it in"
        " quotes."
    )


def _line(marked: yaml.Node | yaml.Event) -> str:
    mark = marked.start_mark
    return f"line {mark.line + 1}" if mark else "somewhere"


def to_yaml(content: Mapping[str, Any]) -> str:
    """Texts, lists of names, and mappings of names to those, as YAML that `read_yaml` reads back.

    >>> print(to_yaml({"title": "Bars: a test", "question_answer_pairs": {"bar": ["_yes", "no"]}}))
    title: "Bars: a test"
    question_answer_pairs:
      bar: [_yes, "no"]
    <BLANKLINE>
    """
    lines = []
    for key, value in content.items():
        plain = isinstance(value, str) and _TITLE.fullmatch(value)
        lines += [f"{key}: {value}"] if plain else _lines(key, value)
    return "\n".join(lines) + "\n"


def _lines(key: str, value: object) -> list[str]:
    """A key with its value, which is indented below it where it is a mapping."""
    if not isinstance(value, Mapping):
        return [f"{_written(key)}: {_written(value)}"]
    below = [line for name, item in value.items() for line in _lines(name, item)]
    return [f"{_written(key)}:", *(f"  {line}" for line in below)]


def _written(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_written, value))}]"
    # JSON's quotes are also YAML's, and needed wherever YAML could read something else than text.
    text = str(value)
    return text if _NAME.fullmatch(text) else json.dumps(text, ensure_ascii=False)


_NAME = re.compile(r"_[\w-]*|(?!(?:y|n|yes|no|on|off|true|false|null)$)[a-z][\w-]*", re.A | re.I)
_TITLE = re.compile(r"[A-Za-z]+ [\w ,.()/-]*[\w.)]", re.A)
