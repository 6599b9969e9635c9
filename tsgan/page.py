"""What every report has: its head, its pictures with words around them, and how a page is built."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup
from matplotlib.figure import Figure

from tsgan.canvas import pointer_data, svg
from tsgan.wording import number


@dataclass(frozen=True)
class ReportContext:
    """What the report says about its origin.

    Attributes:
        title, subtitle: its head.
        facts: label and value of what is needed to make it again: data file, dates, hash,
            steps and seconds of training, seed, versions.
    """

    title: str
    subtitle: str
    facts: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Picture:
    """A picture with the words around it, and what a pointer reads of it.

    Attributes:
        wide: it takes the whole width of the page.
    """

    title: str
    caption: str
    drawing: Markup
    readings: Sequence[dict[str, Any]]
    wide: bool = False


def picture(title: str, caption: str, figure: Figure, wide: bool = False) -> Picture:
    """Return a figure as it stands in a page."""
    drawing = Markup(svg(figure, title))
    return Picture(title, caption, drawing, pointer_data(figure), wide)


def render_page(template: str, folders: Sequence[Path], wording: object, **values: Any) -> str:
    """Return a page that needs no network, from a template and its values.

    Args:
        template: name of a file in one of ``folders``, or beside this module.
        wording: module of functions that templates and their macros call.
        values: what the template is told; ``pictures`` is a sequence of :class:`Picture`. Added
            are ``readings``, ``script`` and ``script_hash``, by which a pointer reads pictures.
    """
    found = environment(folders)
    found.globals["wording"] = wording
    script = found.get_template("report.js.j2").render()
    readings = [one.readings for one in values["pictures"]]
    return found.get_template(template).render(
        **values,
        readings=htmlsafe_json_dumps(readings, _compact_json),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


def environment(folders: Sequence[Path] = ()) -> Environment:
    """Return an environment that escapes what it is told, and knows how numbers are written."""
    made = Environment(
        loader=FileSystemLoader([*folders, Path(__file__).parent]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["number"] = number
    return made


def _compact_json(value: Any, **options: Any) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False, **options)
