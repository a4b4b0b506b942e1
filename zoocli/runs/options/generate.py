"""Writes `keywords.py`: the keywords of the Python functions, from the options.

python -m zoocli.runs.options.generate
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from zoocli.runs.options.catalog import CatalogOptions
from zoocli.runs.options.evaluate import EvaluateOptions
from zoocli.runs.options.fit import FitOptions
from zoocli.runs.options.option import Options
from zoocli.runs.options.predict import PredictOptions
from zoocli.runs.options.score import ScoreOptions

FILE = Path(__file__).with_name("keywords.py")
HEAD = '''"""The keyword options of the public functions, for type checkers.

Generated from the options by `python -m zoocli.runs.options.generate`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from zoocli.runs.options.choices import (
    Activation,
    Backend,
    Intervals,
    MissingVotes,
    OnDuplicate,
    OnFractional,
    OnInvalid,
    Residual,
    Scale,
)
from zoocli.tables.sources import TableLike, TablesLike
'''
KEYWORDS: tuple[tuple[str, type[Options], str], ...] = (
    ("ScoreKeywords", ScoreOptions, "TypedDict"),
    ("EvaluateKeywords", EvaluateOptions, "ScoreKeywords"),
    ("CatalogKeywords", CatalogOptions, "TypedDict"),
    ("PredictKeywords", PredictOptions, "TypedDict"),
    ("FitKeywords", FitOptions, "TypedDict"),
)
NOT_KEYWORDS = ("schema", "score")  # the one is an argument, the other has keywords of its own
# Where there may be several, a call may give one.
ONE_OR_SEVERAL = {
    "Sequence[str]": "str | Sequence[str]",
    "Sequence[float]": "float | Sequence[float]",
    "Sequence[float | str]": "float | str | Sequence[float | str]",
    "Sequence[TableLike]": "TablesLike",
}


def generated() -> str:
    """The content of the file."""
    return HEAD + "".join("\n\n" + "\n".join(_lines(*one)) + "\n" for one in KEYWORDS)


def _lines(name: str, options: type[Options], base: str) -> Iterator[str]:
    yield f"class {name}({base}, total=False):"
    yield f'    """Those of `{options.__name__}`, besides the schema."""'
    yield ""
    for one in fields(options):
        if one.name not in NOT_KEYWORDS:
            yield f"    {one.name}: {ONE_OR_SEVERAL.get(str(one.type), one.type)}"


if __name__ == "__main__":
    FILE.write_text(generated())
