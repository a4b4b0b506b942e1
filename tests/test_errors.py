"""How messages name options: as typed on the command line, as keywords in Python."""

from __future__ import annotations

import ast
import pickle
import re
from pathlib import Path

import pyarrow as pa
import pytest

import zoocli
from tests.command import run
from zoocli.errors import DataError, in_command, in_python

PACKAGE = Path(zoocli.__file__).parent
VOTES = pa.table({"id": ["a"], "ring_yes": [1.5], "ring_no": [1.0]})


def test_python_is_told_the_keyword_and_its_value() -> None:
    with pytest.raises(DataError, match=r"on_fractional='round'") as caught:
        zoocli.score(VOTES, VOTES, schema="gz-rings")
    assert "--" not in str(caught.value)
    assert "--on-fractional round" in in_command(pickle.loads(pickle.dumps(caught.value)).message)


def test_the_command_line_is_told_the_option(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,ring_yes,ring_no\na,1.5,1\n")
    told = run("score", tmp_path / "a.csv", tmp_path / "a.csv").err
    assert "--on-fractional round" in told and "on_fractional" not in told


def test_values_are_quoted_where_a_shell_needs_it() -> None:
    assert in_command("Use «id_from=([^/]+)\\.jpg$».") == r"Use --id-from '([^/]+)\.jpg$'."
    assert in_python("«id_from=a\\.b»") == r"id_from='a\\.b'"


def test_no_message_of_the_library_speaks_of_flags() -> None:
    """Whole commands stand in backticks; what only the command line has is left out."""
    of_commands = {"cli", "cluster.py", "formats"}
    for path in PACKAGE.rglob("*.py"):
        if of_commands.isdisjoint(path.relative_to(PACKAGE).parts):
            for text in texts_raised(path):
                assert not re.search(r"(?<!\w)--[a-z]", re.sub("`[^`]*`", "", text)), path


def texts_raised(path: Path) -> list[str]:
    raised = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Raise))
    return [
        node.value
        for one in raised
        for node in ast.walk(one)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
