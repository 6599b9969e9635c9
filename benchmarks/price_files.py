"""Price files of every kind, drawn at random: text, typed files, workbooks, frames."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Sequence
from datetime import datetime
from random import Random
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import numpy.typing as npt
import pandas as pd

NAMES = ("Date", "date", "time", "Time", "Close", "Adj Close", "close", "Open", "High", "Low")
NAMES += (
    "Volume",
    "Ticker",
    "symbol",
    "Price",
    "",
    "A",
    "B",
    "A:close",
    "B:close",
    "BTC:open",
    "0",
)

_COUNTS = (0, 1, 2, 5, *[12, 30, 80, 200] * 6, 2_500)

DATE_FORMATS = ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%d/%m/%Y", "%m/%d/%Y %I:%M %p", "%Y%m%d", "%d.%m.%Y")
DATE_FORMATS += ("%d-%b-%y", "%b %d, %Y", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S.%f+0200")
DATE_FORMATS += ("s", "ms")
"""Of ``strftime``, or the unit in which time since 1970 is counted."""

_SCHEMAS = "http://schemas.openxmlformats.org"
_MAIN = f'xmlns="{_SCHEMAS}/spreadsheetml/2006/main"'
_LINKS = f'<Relationships xmlns="{_SCHEMAS}/package/2006/relationships">'
_RELATIONS = f"{_SCHEMAS}/officeDocument/2006/relationships"
_PACKAGE = {
    "[Content_Types].xml": f'<Types xmlns="{_SCHEMAS}/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/></Types>',
    "_rels/.rels": f'{_LINKS}<Relationship Id="r1" Type="{_RELATIONS}/officeDocument" '
    'Target="xl/workbook.xml"/></Relationships>',
    "xl/styles.xml": f"<styleSheet {_MAIN}>"
    '<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="22" applyNumberFormat="1"/></cellXfs>'
    "</styleSheet>",
}


def text_rows(random: Random, comma: bool) -> list[list[str]]:
    """Return the header, if any, and the rows of a table in one of the shapes that files have."""
    count = random.choice(_COUNTS)
    names = random.choice([["Close"], ["Open", "High", "Low", "Close", "Adj Close", "Volume"]])
    if random.random() < 0.15:
        names = random.sample(NAMES, random.randint(1, 6))
    prices = _walk(random, count) * random.choice([1, 1, 1, 1e-4, 1e4])
    digits, rows = random.choice([0, 2, 6]), []
    for date, price in zip(text_dates(random, count), prices, strict=True):
        text = f"{price:.{digits}f}"
        rows.append([date, *([text.replace(".", ",") if comma else text] * len(names))])
    header = ["Date", *names]
    if random.random() < 0.15:
        tickers = random.choice([["AAPL", "MSFT"], ["A", "B", "C"], [""], ["A"]])
        rows = [[*row, tickers[k % len(tickers)]] for k, row in enumerate(rows)]
        header.append("Ticker")
    if random.random() < 0.15:
        rows.reverse()
    return rows if random.random() < 0.05 else [header, *rows]


def text_dates(random: Random, count: int) -> list[str]:
    """Return that many dates in a format drawn at random."""
    days, form = _times(random, count), random.choice(DATE_FORMATS)
    if form in ("s", "ms"):
        return [str(stamp) for stamp in days.as_unit(form).asi8]
    return list(days.strftime(form))


def _times(random: Random, count: int) -> pd.DatetimeIndex:
    begin = random.choice(["1985-12-28", "2019-11-01", "2020-01-31"])
    frequency = random.choice(["B", "D", "h", "5min", "MS", "W", "YS"])
    return pd.date_range(begin, periods=count, freq=frequency)


def _walk(random: Random, count: int) -> npt.NDArray[np.float64]:
    steps = np.random.default_rng(random.getrandbits(32)).normal(0, 0.01, count)
    return np.asarray(100 * np.exp(np.cumsum(steps)))


def frame(random: Random) -> pd.DataFrame:
    """Return a frame with an index and columns of many types."""
    count = random.choice([0, 1, 2, 12, 50, 100, 200])
    times, walk = _times(random, count), _walk(random, count)
    damaged = walk.copy()
    if count:
        damaged[random.randrange(count)] = random.choice(
            [np.nan, np.inf, -np.inf, 0.0, 1e308, -5.0]
        )
    kinds: list[Any] = [
        *(walk, walk, damaged, walk.astype(str), walk.astype("f4"), (walk * 100).astype(int)),
        *(pd.array(np.round(damaged_as_whole(walk)), "Int64"), pd.Series(walk).astype("category")),
        *(np.arange(count), walk > 100, times, times.tz_localize("Asia/Tokyo"), times.astype(str)),
        *([None] * count, [b"1"] * count, [[1.0]] * count, times - times[:1].repeat(count)),
        *(times.date, walk * 1j, pd.array(["A", "B", "C", "D"] * count)[:count]),
    ]
    names = random.sample(NAMES, random.randint(1, 5))
    indices = [times, times, times.tz_localize("UTC"), times[::-1], times.astype(str), times.asi8]
    indices += [pd.RangeIndex(count), times.to_period("D"), pd.Index(walk), times.repeat(2)[:count]]
    if random.random() < 0.6:
        kinds, indices = kinds[:5], indices[:4]
    columns = {k: pd.Series(random.choice(kinds), range(count)) for k in range(len(names))}
    made = pd.DataFrame(columns, range(count))
    made.columns = pd.Index(names)
    return made.set_index(pd.Index(random.choice(indices), name=random.choice([None, "Date", "x"])))


def damaged_as_whole(walk: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return prices of which every tenth is missing."""
    return np.where(np.arange(len(walk)) % 10 == 9, np.nan, walk)


def typed(random: Random) -> bytes:
    """Return the bytes of a Parquet or Feather file."""
    stream, whole = io.BytesIO(), frame(random)
    try:
        if random.random() < 0.5:
            whole.to_parquet(stream)
        else:
            whole.reset_index().to_feather(stream)
    except (ValueError, TypeError, NotImplementedError):  # what pyarrow cannot write
        pd.DataFrame({"Date": _times(random, 9), "Close": _walk(random, 9)}).to_feather(stream)
    return stream.getvalue()


def workbook(sheets: dict[str, Sequence[Sequence[object]]]) -> bytes:
    """Return an .xlsx file with these rows; numbers, times and texts keep their type."""
    names = "".join(
        f'<sheet name="{escape(name)}" sheetId="{k}" r:id="r{k}"/>'
        for k, name in enumerate(sheets, 1)
    )
    links = "".join(
        f'<Relationship Id="r{k}" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet{k}.xml"/>'
        for k in range(1, len(sheets) + 1)
    )
    links += f'<Relationship Id="s" Type="{_RELATIONS}/styles" Target="styles.xml"/>'
    book = f'<workbook {_MAIN} xmlns:r="{_RELATIONS}"><sheets>{names}</sheets></workbook>'
    links = f"{_LINKS}{links}</Relationships>"
    package = {**_PACKAGE, "xl/workbook.xml": book, "xl/_rels/workbook.xml.rels": links}
    for k, rows in enumerate(sheets.values(), 1):
        body = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows)
        package[f"xl/worksheets/sheet{k}.xml"] = (
            f"<worksheet {_MAIN}><sheetData>{body}</sheetData></worksheet>"
        )
    return zipped({name: text.encode() for name, text in package.items()})


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        days = (value - datetime(1899, 12, 30)).total_seconds() / 86_400
        return f'<c s="1"><v>{days!r}</v></c>'
    if isinstance(value, int | float):
        return f"<c><v>{value!r}</v></c>"
    return f'<c t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'


def zipped(files: dict[str, bytes]) -> bytes:
    """Return a zip archive."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


def compressed(random: Random, data: bytes) -> bytes:
    """Return the data as .gz, .bz2, .xz or .zip."""
    how = random.choice([gzip.compress, bz2.compress, lzma.compress, None])
    return how(data) if how else zipped({"prices.csv": data})
