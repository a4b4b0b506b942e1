"""Reports as self-contained pages, which load nothing else."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoocli.errors import harmless
from zoocli.foundation.optional import import_optional
from zoocli.foundation.version import __version__
from zoocli.report.findings import findings_of, made_of
from zoocli.report.html.content import content_of
from zoocli.report.html.words import account, settings

if TYPE_CHECKING:
    from zoocli.evaluating.evaluation import Evaluation
    from zoocli.report.figures.picture import Picture
    from zoocli.report.html.models import ModelsContent

HERE = Path(__file__).parent
STYLE, SCRIPT = "report.css", "report.js"


def require(what: str) -> None:
    """Raises MachineError, which says how to install it, if Jinja is missing."""
    import_optional("jinja2", what, "report")


def render_report(evaluation: Evaluation, pictures: Sequence[Picture]) -> str:
    """The page. All text of the user is escaped; the same evaluation gives the same page."""
    return _page(
        "report.html.j2",
        version=evaluation.version,
        evaluation=evaluation,
        content=content_of(evaluation),
        made_of=made_of(evaluation),
        findings=findings_of(evaluation),
        pictures=[one for one in pictures if not one.name.startswith("confusion-")],
        confusions=[one for one in pictures if one.name.startswith("confusion-")],
        account=account(evaluation.matching),
        settings=settings(evaluation.settings),
    )


def render_models(content: ModelsContent, pictures: Sequence[Picture]) -> str:
    """The page of several models side by side."""
    return _page(
        "models.html.j2",
        version=__version__,
        content=content,
        pictures=pictures,
        settings=settings(content.settings),
    )


def _page(template: str, **values: Any) -> str:
    style, script = ((HERE / name).read_text("utf-8") for name in (STYLE, SCRIPT))
    made: str = _template(template).render(
        style=style, script=script, script_hash=_hash(script), **values
    )
    return made


def _template(name: str) -> Any:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(name)


def _shown(value: Any) -> Any:
    """Shows control characters; leaves what the template marks as safe unchanged."""
    return harmless(value) if type(value) is str else value


def _hash(script: str) -> str:
    """The hash of the only script that the content policy of the page allows."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
