"""What a notebook shows of an evaluation: the verdict and the counted rows, as a piece of HTML.

Styles are inline and colours lie between black and white, so that the piece is legible on light and
dark pages alike and changes nothing around it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from markupsafe import Markup, escape

from tsgan import report_rows
from tsgan.report_rows import number
from tsgan.results import Evaluation, Row, Verdict

MARKS: Mapping[Verdict, tuple[str, str]] = {
    "indistinguishable": ("●", "#2f9160"),
    "within noise": ("○", "#a87a08"),
    "off": ("◆", "#d9503f"),
    "skipped": ("–", "#808890"),
}
"""Sign and colour of each verdict: 3:1 or better against white and against black."""

MUTED = "color:#808890"
CELL = "padding:2px 10px;text-align:right;background:none;border:0;color:inherit"
LEFT = CELL.replace("right", "left")
HEAD = f"{CELL};font-weight:normal;{MUTED}"


def evaluation_html(evaluation: Evaluation) -> str:
    """Return the piece of HTML; names from files are escaped in it."""
    parts = [
        Markup('<p style="margin:0 0 6px;font-weight:600">{}</p>').format(sentence)
        for sentence in _sentences(evaluation)
    ]
    parts += [
        Markup('<p style="margin:0 0 6px;padding-left:8px;border-left:3px solid {}">{}</p>').format(
            MARKS["within noise"][1], warning
        )
        for warning in evaluation.warnings
    ]
    if evaluation.assets:
        parts.append(_assets_table(evaluation.assets))
    rows = (*report_rows.counted(evaluation), *report_rows.gate(evaluation))
    if rows:
        parts.append(_rows_table(rows))
    parts.append(_further(evaluation))
    style = "font-size:13px;line-height:1.45;max-width:62em;overflow-x:auto"
    return str(Markup('<div style="{}">{}</div>').format(style, Markup("").join(parts)))


def _sentences(evaluation: Evaluation) -> Iterator[str]:
    yield report_rows.verdict_sentence(evaluation)
    if report_rows.held_out_sentence(evaluation):
        yield report_rows.held_out_sentence(evaluation)


def _rows_table(rows: Sequence[Row]) -> Markup:
    heads = ("real", "synthetic", "distance", "band 5 %", "50 %", "95 %")
    return _table(("row", *heads, "verdict"), [_row(row) for row in rows])


def _row(row: Row) -> Markup:
    first = Markup('<td style="{}" title="{}">{}</td>').format(LEFT, row.meaning, row.name)
    last = Markup('<td style="{}">{}</td>').format(LEFT, _verdict(row.verdict))
    if row.verdict == "skipped":
        reason = Markup('<td colspan="6" style="{};{}">{}</td>').format(LEFT, MUTED, row.note)
        return first + reason + last
    figures = [number(row.real, 4), number(row.synthetic, 4), number(row.value)]
    if row.band is None and row.note:
        note = Markup('<td colspan="3" style="{};{}">{}</td>').format(LEFT, MUTED, row.note)
        return first + _cells(figures) + note + last
    marks = [number(mark) for mark in row.band] if row.band else ["–"] * 3
    return first + _cells([*figures, *marks]) + last


def _assets_table(assets: Mapping[str, Evaluation]) -> Markup:
    rows = []
    for name, asset in assets.items():
        copied = report_rows.copied_windows(asset)
        share = f"{number(100 * copied[1], 1)} %" if copied else "–"
        counts = [str(asset.count(verdict)) for verdict in MARKS]
        rows.append(Markup('<td style="{}">{}</td>').format(LEFT, name) + _cells([*counts, share]))
    return _table(("asset", *MARKS, "copied windows"), rows)


def _table(heads: Sequence[str], rows: Sequence[Markup]) -> Markup:
    """Return a table; the first column is left-aligned, and so is one of verdicts."""
    head = Markup("").join(
        Markup('<th style="{}">{}</th>').format(
            HEAD.replace("right", "left") if title in ("row", "asset", "verdict") else HEAD, title
        )
        for title in heads
    )
    body = Markup("").join(Markup('<tr style="background:none">{}</tr>').format(r) for r in rows)
    style = "border-collapse:collapse;border:0;margin:0 0 6px;font-variant-numeric:tabular-nums"
    return Markup('<table style="{}"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>').format(
        style, head, body
    )


def _cells(texts: Sequence[str]) -> Markup:
    return Markup("").join(Markup('<td style="{}">{}</td>').format(CELL, text) for text in texts)


def _verdict(verdict: Verdict) -> Markup:
    sign, colour = MARKS[verdict]
    return Markup('<span style="color:{};white-space:nowrap">{}&nbsp;{}</span>').format(
        colour, sign, verdict
    )


def _further(evaluation: Evaluation) -> Markup:
    """Return the note on the rows that the table leaves out: how they ended, group by group."""
    groups = [
        Markup("{} {}").format(
            group.title.lower(),
            Markup(", ").join(
                Markup("{}&nbsp;{}").format(_sign(verdict), count)
                for verdict, count in report_rows.tally(group.rows).items()
            ),
        )
        for group in report_rows.groups(evaluation)
    ]
    if not groups:
        return Markup("")
    rows = sum(len(group.rows) for group in report_rows.groups(evaluation))
    start = escape(f"{rows} further {'rows' if rows > 1 else 'row'}: ")
    return Markup('<p style="margin:0;{}">{}{}.</p>').format(
        MUTED, start, Markup("; ").join(groups)
    )


def _sign(verdict: Verdict) -> Markup:
    sign, colour = MARKS[verdict]
    return Markup('<span style="color:{}" title="{}">{}</span>').format(colour, verdict, sign)
