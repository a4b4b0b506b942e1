"""Pages of the site that are made of the code, or lie elsewhere in the repository (MkDocs hooks).

`make docs` runs them: the help of every command, the public names of Python, and the pages of other
folders that the documentation links to.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from mkdocs.structure.files import File, Files

import zoocli
from zoocli import heads, losses, metrics
from zoocli.cli import COMMANDS, app_with

ROOT = Path(__file__).parents[1]
ELSEWHERE = (
    *("CHANGELOG.md", "schemas/README.md", "sample_data/README.md"),
    *("benchmarks/README.md", "benchmarks/results.md", "benchmarks/results/*.md"),
)
WIDTH = 96
# The links of those pages that lead to what is no page.
CODE = re.compile(r"\[([^\]]+)\]\((?!https?:|#)[^)#]*?\.(?:py|yaml|cff|csv|parquet)\)")


def on_files(files: Files, config: Any) -> Files:
    """Adds the pages."""
    pages = {
        "reference/commands.md": _commands(),
        "reference/python.md": _python(),
        "reference/json.md": _json(),
        **{str(path.relative_to(ROOT)): path.read_text() for path in _elsewhere()},
    }
    for name, content in pages.items():
        files.append(File.generated(config, name, content=content))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Links as they are in the site, where the pages of other folders lie below this one's."""
    if "/" not in page.file.src_uri:
        return CODE.sub(r"\1", markdown.replace("](../", "]("))
    return CODE.sub(r"\1", markdown.replace("](../docs/", "](../"))


def _elsewhere() -> Iterator[Path]:
    for pattern in ELSEWHERE:
        yield from sorted(ROOT.glob(pattern))


def _commands() -> str:
    group = typer.main.get_command(app_with(COMMANDS))
    context = typer.Context(
        group, info_name="zoocli", max_content_width=WIDTH, terminal_width=WIDTH
    )
    parts = ["# Commands", "What `--help` says, of this version.", *_help(group, context, 2)]
    return "\n\n".join(parts) + "\n"


def _help(command: Any, context: Any, level: int) -> Iterator[str]:
    yield f"{'#' * level} {context.command_path}"
    yield f"```text\n{command.get_help(context).strip()}\n```"
    for name, sub in getattr(command, "commands", {}).items():
        inner = typer.Context(
            sub, info_name=name, parent=context, max_content_width=WIDTH, terminal_width=WIDTH
        )
        yield from _help(sub, inner, level + 1)


def _json() -> str:
    contract = json.loads((ROOT / "zoocli" / "report" / "outputs.schema.json").read_text())
    parts = ["# JSON", contract["description"]]
    for name, definition in contract["$defs"].items():
        parts += [f"## {name}", definition["description"]]
        rows = [
            f"| `{key}` | {_kind(one)} | {one.get('description', '')} |"
            for key, one in definition["properties"].items()
        ]
        parts.append("\n".join(["| key | type | what |", "| --- | --- | --- |", *rows]))
    return "\n\n".join(parts) + "\n"


def _kind(one: dict[str, Any]) -> str:
    """The type of a value, in words."""
    if "$ref" in one:
        name = one["$ref"].rpartition("/")[2]
        return f"[{name}](#{name})"
    if "anyOf" in one:
        return " or ".join(map(_kind, one["anyOf"]))
    if "const" in one:
        return f"`{one['const']}`"
    kinds = one["type"] if isinstance(one.get("type"), list) else [one.get("type", "any")]
    words = [f"array of {_kind(one['items'])}" if kind == "array" else kind for kind in kinds]
    if isinstance(one.get("additionalProperties"), dict):
        words = [f"object of {_kind(one['additionalProperties'])}"]
    return " or ".join(words)


def _python() -> str:
    homes = zoocli._HOMES
    functions = [name for name in homes if name[0].islower()]
    results = [name for name in homes if name[0].isupper() and homes[name] != "errors"]
    problems = [name for name in homes if homes[name] == "errors"]
    sections = {
        "Functions": [f"zoocli.{homes[name]}.{name}" for name in functions],
        "What they take and return": [
            f"zoocli.{homes[name]}.{name}" for name in results if not name.startswith("Table")
        ],
        "Errors": [f"zoocli.errors.{name}" for name in problems],
        "zoocli.losses": _of_module(losses),
        "zoocli.metrics": _of_module(metrics),
        "zoocli.heads": _of_module(heads),
    }
    parts = [
        "# Python",
        textwrap.fill(
            "Options are those of the command line with underscores; the reference of the commands "
            "has each. Every example below is run by the tests.",
            WIDTH,
        ),
    ]
    for title, names in sections.items():
        parts += [f"## {title}", *(f"::: {name}" for name in names)]
    return "\n\n".join(parts) + "\n"


def _of_module(module: Any) -> list[str]:
    """The public names, by the modules that define them."""
    found = []
    for name in sorted(module.__all__):
        home = getattr(getattr(module, name), "__module__", module.__name__)
        found.append(f"{home}.{name}")
    return found
