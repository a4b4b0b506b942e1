"""What to cite, as BibTeX: the tool, the paper of the loss, and that of a decision tree."""

from __future__ import annotations

import re

from zoocli.foundation.version import __version__
from zoocli.schema import Schema

YEAR = 2026  # of this version
LOSS = "Walmsley et al. 2022, MNRAS 509, 3966"
LOSS_TITLE = (
    "Galaxy Zoo DECaLS: Detailed visual morphology measurements from volunteers and deep learning "
    "for 314 000 galaxies"
)
TITLES = {LOSS: LOSS_TITLE}
REFERENCE = re.compile(
    r"(?:(?P<group>[^:]+): )?(?P<first>[^\d,]+?) et al\. (?P<year>\d{4}), "
    r"(?:(?P<journal>[A-Za-z&. ]+) (?P<volume>\d+), (?P<page>\w+)|arXiv:(?P<eprint>[\w./-]+))"
)


def bibliography(schema: Schema | None = None) -> str:
    """The entries, each once; of a tree without a known paper there is none."""
    papers = [LOSS]
    if schema is not None and schema.citation is not None:
        papers.append(schema.citation)
    entries = [_tool(), *filter(None, map(entry_of, dict.fromkeys(papers)))]
    return "\n".join(entries)


def entry_of(citation: str) -> str | None:
    """The entry of a paper, with what a short citation says of it; None for anything else.

    >>> print(entry_of("Simmons et al. 2017, MNRAS 464, 4420"), end="")
    @article{simmons2017-4420,
      author = {Simmons and others},
      year = {2017},
      journal = {MNRAS},
      volume = {464},
      pages = {4420}
    }
    >>> entry_of("no paper yet")
    """
    found = REFERENCE.fullmatch(citation)
    if found is None:
        return None
    authors = [f"{{{found['group']}}}"] if found["group"] else []
    fields = {
        "author": " and ".join([*authors, found["first"], "others"]),
        "title": TITLES.get(citation),
        "year": found["year"],
        "journal": found["journal"],
        "volume": found["volume"],
        "pages": found["page"],
        "eprint": found["eprint"],
        "archiveprefix": "arXiv" if found["eprint"] else None,
    }
    name = re.sub(r"\W", "", found["first"].split()[-1]).lower()
    key = f"{name}{found['year']}-{found['page'] or found['eprint']}"
    return _entry("article", key, fields)


def _tool() -> str:
    fields: dict[str, str | None] = {
        "author": "{The zoocli developers}",
        "title": "zoocli: scores and evaluates galaxy-morphology predictions against volunteers' "
        "votes",
        "year": str(YEAR),
        "version": __version__,
    }
    return _entry("software", "zoocli", fields)


def _entry(kind: str, key: str, fields: dict[str, str | None]) -> str:
    lines = [f"  {name} = {{{value}}}" for name, value in fields.items() if value is not None]
    return f"@{kind}{{{key},\n" + ",\n".join(lines) + "\n}\n"
