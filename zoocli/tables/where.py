"""Conditions over columns, such as `mag_r < 17 and redshift > 0.02`: parsed, never run as code.

Comparisons (chained ones too), `and`, `or`, `not`, `in (...)`, `not in`, `+ - * / **`, `is null`,
`is not null`, numbers, texts, True and False. A column is named as it is; in backticks where its
name is no identifier, as pandas has it; after `predictions.` or `votes.` where both tables have it.
Text that stands for no value (NA, nan, blank) is null as well.
As in SQL, a comparison with a missing value (null or NaN) holds for nothing, and neither does its
negation.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

from zoocli.errors import DataError, UsageError, first_line, shortened
from zoocli.foundation.missing import Missing
from zoocli.tables.numbers import is_text

if TYPE_CHECKING:
    import pyarrow as pa

PREDICTIONS, VOTES = "predictions", "votes"
NULL = ("null", "NULL", "None")
LONGEST = 10_000
DEEPEST = 100
QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`([^`]*)`""")
PLACE = "_column_{}_"
OPERATORS: dict[type, str] = {
    ast.Lt: "less",
    ast.LtE: "less_equal",
    ast.Gt: "greater",
    ast.GtE: "greater_equal",
    ast.Eq: "equal",
    ast.NotEq: "not_equal",
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.Pow: "power",
}


@dataclass(frozen=True, order=True)
class Column:
    """A column that a condition names, and the table that it names it of, if it does."""

    name: str
    side: str | None = None


@dataclass(frozen=True)
class Where:
    """A condition; `columns` are those that it names.

    >>> import pyarrow as pa
    >>> condition = Where.parse("mag_r < 17 and not `my flag` == 'bad'")
    >>> [column.name for column in condition.columns]
    ['mag_r', 'my flag']
    >>> cells = [pa.array([16.0, 18.0, None]), pa.array(["good", "good", "good"])]
    >>> condition.holds(dict(zip(condition.columns, cells))).to_pylist()
    [True, False, False]
    """

    text: str
    columns: tuple[Column, ...]

    @classmethod
    def parse(cls, text: str) -> Where:
        """Raises UsageError for what is no condition."""
        reader = _Reader(text)
        reader.read(reader.tree)
        if not reader.columns:
            raise reader.wrong("it names no column")
        return cls(text, tuple(reader.columns))

    def holds(self, columns: Mapping[Column, pa.Array]) -> pa.BooleanArray:
        """Where it is true: neither false nor unknown, as where a column is null.

        Raises DataError where the types of columns do not fit.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        reader = _Reader(self.text)
        known = {column: _nan_as_null(cells) for column, cells in columns.items()}
        try:
            found = reader.read(reader.tree)(known)
            if not pa.types.is_boolean(found.type):
                raise pa.ArrowTypeError("it is neither true nor false")
            holds = pc.fill_null(found, False)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
            kinds = ", ".join(f"'{one.name}' ({cells.type})" for one, cells in columns.items())
            raise DataError(
                f"The condition '{shortened(self.text)}' does not fit its columns, {kinds}: "
                f"{first_line(error)}. Compare numbers with numbers and texts with texts."
            ) from error
        if isinstance(holds, pa.Scalar):  # of constants alone
            return pa.array([holds.as_py()] * len(next(iter(known.values()))))
        return holds


Known = Mapping[Column, Any]
Part = Callable[[Known], Any]  # from the columns to an array or a scalar of Arrow


class _Reader:
    """Reads an expression into a function of its columns; what it does not know is refused."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.columns: dict[Column, None] = {}
        self._quoted: list[str] = []
        self._depth = 0
        self.tree = self._parsed()

    def wrong(self, why: str) -> UsageError:
        """The error for a text that is no condition."""
        return UsageError(
            f"'{shortened(self.text)}' is no condition: {why}. Write comparisons of columns, "
            "joined by and, or, not, such as mag_r < 17 and redshift > 0.02, with names in "
            "backticks that are no identifiers."
        )

    def _parsed(self) -> ast.expr:
        if len(self.text) > LONGEST:
            raise self.wrong(f"it is longer than {LONGEST:,} characters")
        try:
            text = QUOTED.sub(self._named, self.text).strip()
            return ast.parse(text, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            alone = re.search(r"(?<![=<>!])=(?!=)", self.text)
            hint = "; equality is ==" if alone else ""
            reason = error.msg if isinstance(error, SyntaxError) else first_line(error)
            raise self.wrong(f"{reason}{hint}") from None

    def _named(self, found: re.Match[str]) -> str:
        """A name in backticks as an identifier; texts as they are."""
        if found[1] is None:
            return found[0]
        self._quoted.append(found[1])
        return PLACE.format(len(self._quoted) - 1)

    def read(self, node: ast.expr) -> Part:
        """The function that a part of the expression is."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise self.wrong("it is nested too deeply")
        try:
            return self._read(node)
        finally:
            self._depth -= 1

    def _read(self, node: ast.expr) -> Part:
        match node:
            case ast.Name() | ast.Attribute(value=ast.Name(id="predictions" | "votes")):
                return self._column(node)
            case ast.Constant(value=bool() | int() | float() | str()):
                value = node.value
                assert isinstance(value, bool | int | float | str)
                return self._constant(value)
            case ast.BoolOp():
                combine = "and_kleene" if isinstance(node.op, ast.And) else "or_kleene"
                return self._folded(combine, [self.read(one) for one in node.values])
            case ast.UnaryOp(op=ast.Not()):
                return _called("invert", [self.read(node.operand)])
            case ast.UnaryOp(op=ast.USub()):
                return _called("negate", [_numbers(self.read(node.operand))])
            case ast.BinOp() if type(node.op) in OPERATORS:
                sides = [_numbers(self.read(side)) for side in (node.left, node.right)]
                return _called(OPERATORS[type(node.op)], sides)
            case ast.Compare():
                operands = [node.left, *node.comparators]
                parts = [
                    self._comparison(left, operator, right)
                    for left, operator, right in zip(
                        operands, node.ops, node.comparators, strict=False
                    )
                ]
                return self._folded("and_kleene", parts)
        raise self.wrong(f"'{shortened(ast.unparse(node), 60)}' is not understood")

    def _column(self, node: ast.Name | ast.Attribute) -> Part:
        side, name = None, node.id if isinstance(node, ast.Name) else node.attr
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            side = node.value.id
        place = re.fullmatch(PLACE.format(r"(\d+)"), name)
        if place and int(place[1]) < len(self._quoted):
            name = self._quoted[int(place[1])]
        column = Column(name, side)
        self.columns[column] = None
        return lambda known: known[column]

    def _constant(self, value: float | str) -> Part:
        def constant(known: Known) -> Any:
            del known
            import pyarrow as pa

            if isinstance(value, int) and not -(2**63) <= value < 2**63:
                whole = 0 < value < 2**64
                return pa.scalar(value, pa.uint64()) if whole else pa.scalar(_float(value))
            return pa.scalar(value)

        return constant

    def _folded(self, function: str, parts: Sequence[Part]) -> Part:
        """All the parts, two by two."""
        return reduce(lambda one, other: _called(function, [one, other]), parts)

    def _comparison(self, left: ast.expr, operator: ast.cmpop, right: ast.expr) -> Part:
        match operator:
            case ast.Is() | ast.IsNot():
                negated = isinstance(operator, ast.IsNot)
                if isinstance(right, ast.UnaryOp) and isinstance(right.op, ast.Not):
                    negated, right = not negated, right.operand  # "is not null" in two words
                if not isinstance(right, ast.Name | ast.Constant) or ast.unparse(right) not in NULL:
                    raise self.wrong("'is' takes null or not null")
                return _called("is_valid" if negated else "is_null", [_present(self.read(left))])
            case ast.In() | ast.NotIn():
                if not isinstance(right, ast.Tuple | ast.List | ast.Set) or not right.elts:
                    raise self.wrong("'in' takes values in parentheses, such as ('dr5', 'dr8')")
                of = self.read(left)
                equal = [_compared("equal", of, self.read(one)) for one in right.elts]
                among = self._folded("or_kleene", equal)
                return _called("invert", [among]) if isinstance(operator, ast.NotIn) else among
        return _compared(OPERATORS[type(operator)], self.read(left), self.read(right))


def _called(function: str, parts: Sequence[Part]) -> Part:
    def call(known: Known) -> Any:
        import pyarrow.compute as pc

        return getattr(pc, function)(*(part(known) for part in parts))

    return call


def _compared(function: str, left: Part, right: Part) -> Part:
    """Two parts compared.

    Where the other part is a number, text is read as numbers and truth values as 0 and 1; where it
    is a date or time, a text is read as one.
    """

    def compare(known: Known) -> Any:
        import pyarrow.compute as pc

        one, other = left(known), right(known)
        one, other = _like(one, other), _like(other, one)
        return getattr(pc, function)(one, other)

    return compare


def _like(cells: Any, other: Any) -> Any:
    """The cells as what can be compared with the others."""
    import pyarrow as pa

    kind = other.type
    if is_text(cells.type) and not is_text(kind):
        return cells.cast(kind) if pa.types.is_temporal(kind) else _as_numbers(cells)
    if pa.types.is_boolean(cells.type) and not pa.types.is_boolean(kind):
        return cells.cast(pa.int64())
    return cells


def _float(value: int) -> float:
    """A whole number beyond 64 bits; infinite beyond those of a float."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _numbers(part: Part) -> Part:
    """As float64: whole numbers are divided and raised like any others."""

    def numbers(known: Known) -> Any:
        import pyarrow as pa

        return _as_numbers(part(known)).cast(pa.float64())

    return numbers


def _as_numbers(cells: Any) -> Any:
    """Text as numbers, as in a table of text; ArrowInvalid for other text."""
    if not is_text(cells.type):
        return cells
    import pyarrow as pa

    if isinstance(cells, pa.Scalar):
        raise pa.ArrowInvalid(f"the text {cells.as_py()!r} stands where a number is expected")
    return _without_missing(cells).cast(pa.float64())


def _present(part: Part) -> Part:
    """Text that stands for no value as null."""

    def present(known: Known) -> Any:
        cells = part(known)
        return _without_missing(cells) if is_text(cells.type) else cells

    return present


def _without_missing(cells: Any) -> Any:
    """Text without blanks around it; blank cells and the usual words are null."""
    import pyarrow as pa
    import pyarrow.compute as pc

    trimmed = pc.utf8_trim_whitespace(cells.cast(pa.string()))
    missing = pc.is_in(pc.utf8_lower(trimmed), pa.array(["", *sorted(Missing().words)]))
    return pc.if_else(missing, pa.scalar(None, pa.string()), trimmed)


def _nan_as_null(cells: pa.Array) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(cells.type):
        cells = cells.cast(cells.type.value_type)
    if not pa.types.is_floating(cells.type):
        return cells
    return pc.if_else(pc.is_nan(cells), pa.scalar(None, cells.type), cells)
