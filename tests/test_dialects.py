"""One table in every dialect: whatever it is dressed in, the same prices and dates come back."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tsgan import read_prices
from tsgan.data.delimited import table_from_plain_text, table_from_text
from tsgan.data.prices import Prices
from tsgan.reading import ReadConfig

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))

import price_files

QUIET = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
DAILY = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%b-%Y", "%s")
DAILY += ("%b %d, %Y", "%B %d, %Y", "%d %B %Y", "%d-%m-%Y", "ms", "us", "%m-%d-%Y")
TIMED = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%d/%m/%Y %I:%M:%S %p", "%Y%m%d %H%M%S")
TIMED += ("%Y-%m-%d %H:%M:%S+05:30", "%Y-%m-%dT%H:%M:%S.000000-0400", "%m/%d/%Y, %H:%M:%S", "s")
NULLS = ("", "null", "NaN", "N/A", "-", "#N/A")


@dataclass(frozen=True)
class Truth:
    """What a table holds: prices in hundredths, times, and rows without a price."""

    hundredths: list[int]
    times: pd.DatetimeIndex
    gone: set[int]

    def prices(self) -> list[float]:
        return [n / 100 for k, n in enumerate(self.hundredths) if k not in self.gone]


@dataclass(frozen=True)
class Dress:
    """How numbers, dates and lines are written."""

    delimiter: str
    comma: bool
    thousands: str
    dates: str
    split_time: bool
    null: str
    quoted: bool
    descending: bool
    trailing: bool
    banner: str
    footer: str
    end: str
    encoding: str
    packed: str


@st.composite
def truths(draw: st.DrawFn, intraday: bool) -> Truth:
    """Draw a walk of 13 to 40 rows; days reach past the 12th, so that their order is settled."""
    count = draw(st.integers(13, 40))
    steps = draw(st.lists(st.integers(-300, 300), min_size=count, max_size=count))
    begin = draw(st.integers(5_000, 200_000))
    walk = [max(1_000, begin + sum(steps[:k]) + 7 * k) for k in range(count)]
    start = pd.Timestamp(draw(st.sampled_from(["2003-01-30", "2019-12-02", "2024-02-20"])))
    if intraday:
        step = draw(st.sampled_from(["1h", "61s", "37min"]))
        times = pd.date_range(start + pd.Timedelta(hours=12), periods=count, freq=step)
    else:
        times = pd.date_range(start, periods=count, freq=draw(st.sampled_from(["B", "D", "W"])))
    gone = draw(st.sets(st.integers(1, count - 2), max_size=3))
    return Truth(walk, times, gone)


@st.composite
def dresses(draw: st.DrawFn, intraday: bool) -> Dress:
    comma = draw(st.booleans())
    delimiter = draw(st.sampled_from(";\t|" if comma else ",;\t|"))
    mark = draw(st.sampled_from(["", "", "."] if comma else ["", "", ","]))
    date = draw(st.sampled_from(TIMED if intraday else DAILY))
    split = intraday and date == "%Y-%m-%d %H:%M:%S" and draw(st.booleans())
    encodings = ["utf-8", "utf-8", "utf-8-sig", "utf-16", "cp1252"]
    return Dress(
        delimiter,
        comma,
        mark,
        date,
        split,
        draw(st.sampled_from(NULLS)),
        draw(st.booleans()) or (delimiter == "," and (mark == "," or "," in date)),
        draw(st.booleans()),
        draw(st.booleans()),
        draw(st.sampled_from(["", "# by hand", "Daily prices", "\n"])),
        draw(st.sampled_from(["", "", "Source: me", "\n\n"])),
        draw(st.sampled_from(["\n", "\r\n", "\r"])),
        draw(st.sampled_from(encodings)),
        draw(st.sampled_from(["", "", "gz", "bz2", "xz", "zip"])),
    )


def number(hundredths: int, dress: Dress) -> str:
    whole, part = divmod(hundredths, 100)
    text = f"{whole:,}".replace(",", dress.thousands) if dress.thousands else str(whole)
    return f"{text}{',' if dress.comma else '.'}{part:02d}"


def dated(times: pd.DatetimeIndex, form: str) -> list[str]:
    if form in ("s", "%s", "ms", "us"):
        return [str(n) for n in times.as_unit(form.strip("%")).asi8]
    return list(times.strftime(form))


def written(truth: Truth, dress: Dress, note: str) -> str:
    """Return the table as text: date, open, close, note."""
    dates = dated(truth.times, dress.dates)
    header = ["Date", "Open", "Close", "Note"]
    rows = []
    for k, (date, n) in enumerate(zip(dates, truth.hundredths, strict=True)):
        close = dress.null if k in truth.gone else number(n, dress)
        rows.append([date, number(n + 5, dress), close, note])
    if dress.split_time:
        header[:1] = ["Date", "Time"]
        rows = [[*row[0].split(" "), *row[1:]] for row in rows]
    if dress.descending:
        rows.reverse()
    if dress.quoted:
        rows = [[f'"{cell}"' for cell in row] for row in rows]
    lines = [dress.delimiter.join(row) for row in [header, *rows]]
    lines = [line + dress.delimiter for line in lines] if dress.trailing else lines
    banner = [dress.banner] if dress.banner else []
    return dress.end.join([*banner, *lines, dress.footer])


def packed(data: bytes, how: str) -> bytes:
    if how == "zip":
        return price_files.zipped({"prices.csv": data})
    pack = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}.get(how)
    return pack(data) if pack else data


def expected_index(truth: Truth, dress: Dress) -> pd.DatetimeIndex:
    times = truth.times.delete(sorted(truth.gone)).as_unit("us")
    offset = {"+05:30": 330, "-0400": -240, "Z": 0}
    minutes = next((m for zone, m in offset.items() if dress.dates.endswith(zone)), None)
    if minutes is not None:
        times = (times - pd.Timedelta(minutes=minutes)).tz_localize("UTC")
    elif dress.dates == "s":
        times = times.tz_localize("UTC")
    return times


def demand(prices: Prices, truth: Truth, index: pd.DatetimeIndex) -> None:
    assert prices.values.iloc[:, 0].tolist() == truth.prices()
    assert list(prices.values.index) == list(index)
    assert prices.rows_read == len(truth.times) == len(prices) + len(truth.gone)


def demand_both_ways(text: str) -> None:
    """Where the quick way answers, the careful one says the same."""
    quick = table_from_plain_text(text.encode(), "prices.csv")
    if quick is not None:
        careful = table_from_text(text, "prices.csv")
        assert (quick.names, quick.notes) == (careful.names, careful.notes)
        assert list(quick.lines) == list(careful.lines)
        cells = zip(quick.cells, careful.cells, strict=True)
        assert all(list(one) == list(other) for one, other in cells)


@given(truths(intraday=False), dresses(intraday=False))
@QUIET
def test_daily_files_come_back_exactly(tmp_path: Path, truth: Truth, dress: Dress) -> None:
    check(tmp_path, truth, dress)


@given(truths(intraday=True), dresses(intraday=True))
@QUIET
def test_intraday_files_come_back_exactly(tmp_path: Path, truth: Truth, dress: Dress) -> None:
    check(tmp_path, truth, dress)


def check(folder: Path, truth: Truth, dress: Dress) -> None:
    note = "x" if dress.encoding == "utf-8" else "é"
    text = written(truth, dress, note)
    path = folder / "prices.csv"
    path.write_bytes(packed(text.encode(dress.encoding), dress.packed))
    order = {"%d": "day-first", "%m": "month-first"}.get(dress.dates[:2], "auto")
    numeric = dress.dates[3:5] in ("%m", "%d") and dress.dates[2] in "/.-"
    reading = ReadConfig(dates=order if numeric else "auto", glitches="keep")
    demand(read_prices(path, reading=reading), truth, expected_index(truth, dress))
    demand_both_ways(text)


@given(
    truths(intraday=True), st.sampled_from(["parquet", "feather", "xlsx", "frame"]), st.booleans()
)
@QUIET
def test_typed_files_come_back_exactly(
    tmp_path: Path, truth: Truth, kind: str, named: bool
) -> None:
    closes = [np.nan if k in truth.gone else n / 100 for k, n in enumerate(truth.hundredths)]
    frame = pd.DataFrame(
        {"Close": closes, "Volume": 5}, truth.times.rename("Date" if named else None)
    )
    path = tmp_path / f"prices.{kind}"
    if kind == "parquet":
        frame.to_parquet(path)
    elif kind == "feather":
        frame.reset_index(names="Date").to_feather(path)
    elif kind == "xlsx":
        cells = ["" if np.isnan(close) else close for close in closes]
        rows = zip(truth.times.to_pydatetime(), cells, strict=True)
        path.write_bytes(
            price_files.workbook({"about": [["hi"]], "data": [["Date", "Close"], *rows]})
        )
    prices = read_prices(frame if kind == "frame" else path, reading=ReadConfig(glitches="keep"))
    demand(prices, truth, truth.times.delete(sorted(truth.gone)))


@given(truths(intraday=False), st.integers(2, 4), st.booleans(), st.booleans())
@QUIET
def test_long_and_wide_files_hold_the_same_assets(
    tmp_path: Path, truth: Truth, assets: int, colons: bool, by_asset: bool
) -> None:
    names = [f"A{k}" for k in range(assets)]
    values = np.array([[n / 100 + k for k in range(assets)] for n in truth.hundredths])
    wide = pd.DataFrame(values, truth.times.rename("Date"), names)
    long = wide.reset_index().melt("Date", var_name="Ticker", value_name="Close")
    long = long if by_asset else long.sort_values("Date", kind="stable")
    stream = io.StringIO()
    long.to_csv(stream, index=False)
    written = wide.rename(columns=lambda name: f"{name}:close") if colons else wide
    for text in (written.to_csv(), stream.getvalue()):
        path = tmp_path / "prices.csv"
        path.write_text(text)
        prices = read_prices(path, reading=ReadConfig(glitches="keep"))
        assert prices.names == tuple(names) and len(prices) == len(wide)
        assert np.array_equal(prices.values.to_numpy(), values)
        assert list(prices.values.index) == list(truth.times)
        one = read_prices(path, f"{names[1]}:close" if ":" in text.split("\n")[0] else names[1])
        assert np.array_equal(one.values.to_numpy()[:, 0], values[:, 1])
