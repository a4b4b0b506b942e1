"""`zoocli schema`: the built-in decision trees, and schema files."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoocli.cli.completion import schemas
from zoocli.cli.outputs import put
from zoocli.errors import harmless

if TYPE_CHECKING:
    from zoocli.schema import Schema

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="List, show, check and detect decision trees.",
)


class ListFormat(StrEnum):
    """Formats of `list`."""

    table = "table"
    json = "json"
    csv = "csv"


class ShowFormat(StrEnum):
    """Formats of `show`; json is the two dicts that Zoobot takes."""

    tree = "tree"
    yaml = "yaml"
    json = "json"


@app.command("list")
def list_schemas(
    style: Annotated[
        ListFormat, typer.Option("--format", "-f", help="Format of the list.")
    ] = ListFormat.table,
) -> None:
    """List the built-in trees: questions, answers, campaigns and the paper to cite."""
    from zoocli.schema import built_in_names, load_schema

    rows = [_row(load_schema(name)) for name in built_in_names()]
    if style is ListFormat.json:
        _write_json(rows)
    elif style is ListFormat.csv:
        _write_csv(rows)
    else:
        _show_table(rows)


@app.command()
def show(
    schema: Annotated[
        str,
        typer.Argument(
            metavar="NAME|FILE", autocompletion=schemas, help="A built-in tree, or a YAML file."
        ),
    ],
    style: Annotated[
        ShowFormat,
        typer.Option(
            "--format", "-f", help="A drawing, a schema file, or the two dicts for Zoobot."
        ),
    ] = ShowFormat.tree,
) -> None:
    """Show a tree: its answers, and the answer after which each question is asked.

    Below it are the published catalogues that are read without any renaming.
    """
    from zoocli.schema import load_schema

    tree = load_schema(schema)
    if style is ShowFormat.json:
        _write_json(tree.zoobot_dicts())
    elif style is ShowFormat.yaml:
        typer.echo(tree.to_yaml(), nl=False)
    else:
        from rich.console import Console

        from zoocli.report.tree import draw_tree, list_catalogues

        # rich cuts off what exceeds the width; a terminal wraps it instead.
        console = Console(width=100_000, highlight=False)
        console.print(draw_tree(tree))
        if tree.catalogues:
            console.print(list_catalogues(tree))


@app.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A schema file (YAML).")],
) -> None:
    """Check a schema file, and report what it contains or what is wrong with it."""
    from zoocli.schema import read_schema

    schema = read_schema(file)
    typer.echo(
        f"{harmless(str(file))}: a valid schema with {len(schema.questions)} questions, "
        f"{len(schema.label_cols)} answers, campaigns {', '.join(schema.campaigns)}, "
        f"hash {schema.content_hash}"
    )


@app.command()
def detect(
    tables: Annotated[
        list[str],
        typer.Argument(metavar="TABLE...", help="Tables with a column per answer, such as votes."),
    ],
) -> None:
    """Print the name of the built-in tree whose answers all the tables have."""
    from zoocli.schema import detect_schema
    from zoocli.tables import open_table

    columns = []
    for table in tables:
        columns.append(open_table(table).column_names)
    typer.echo(detect_schema(*columns).name)


def _row(schema: Schema) -> dict[str, Any]:
    return {
        "name": schema.name,
        "questions": len(schema.questions),
        "answers": len(schema.label_cols),
        "campaigns": list(schema.campaigns),
        "citation": schema.citation,
    }


def _write_json(content: object) -> None:
    import json

    typer.echo(json.dumps(content, indent=2, ensure_ascii=False))


def _write_csv(rows: list[dict[str, Any]]) -> None:
    from zoocli.report.text import csv_text

    put(csv_text(list(rows[0]), [row | {"campaigns": " ".join(row["campaigns"])} for row in rows]))


def _show_table(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in rows[0]:
        number = name in ("questions", "answers")
        table.add_column(name, justify="right" if number else "left", overflow="fold")
    for row in rows:
        cells = row | {"campaigns": " ".join(row["campaigns"])}
        table.add_row(*(Text(str(cell)) for cell in cells.values()))
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 200  # not a terminal: one line per schema, for grep and awk
    console.print(table)
