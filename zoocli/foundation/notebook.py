"""What results look like in a notebook and at a prompt."""

from __future__ import annotations

from abc import abstractmethod
from importlib import import_module

RENDERER = (
    "zoocli.report.notebook"  # a higher layer, which is named here and imported when it is used
)


class Displayed:
    """A result that a notebook shows as tables, and a prompt as one line.

    Dataclasses of this kind are made with `repr=False`.
    """

    @property
    @abstractmethod
    def headline(self) -> str:
        """What it is, in a few words."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.headline}>"

    def _repr_html_(self) -> str:
        html: str = import_module(RENDERER).to_html(self)
        return html
