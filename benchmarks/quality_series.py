"""The series of the quality benchmark by name: which file of the data folder, and how it is read.

``sp500`` is the sample of the repository; all others lie in a folder of one's own, each as its
source publishes it. A name that is none of these is the path of a price file.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from tsgan import read_prices
from tsgan.data.prices import Prices
from tsgan.errors import DataError

SAMPLE = Path(__file__).resolve().parents[1] / "data" / "samples" / "sp500.csv"
QUANT_GANS = slice("2009-05-01", "2018-12-30")
"""The period of Wiese et al. (2020)."""

Reader = Callable[[Path], pd.Series]


def dated(file: str, date: str, column: str) -> Reader:
    """Return the reader of one column of a CSV file within the data folder."""

    def read(data: Path) -> pd.Series:
        return pd.read_csv(data / file, index_col=date, parse_dates=True)[column]

    return read


def sample(_: Path) -> pd.Series:
    return dated(SAMPLE.name, "Date", "Adj Close")(SAMPLE.parent)


def oil(data: Path) -> pd.Series:
    """West Texas Intermediate; holidays have no price."""
    prices = pd.to_numeric(
        dated("finance/arch_wti.csv.gz", "Date", "DCOILWTICO")(data), errors="coerce"
    )
    return prices[prices > 0]


def euro(data: Path) -> pd.Series:
    """Dollars for a euro; the European Central Bank lists the latest day first."""
    with zipfile.ZipFile(data / "finance" / "ecb_eurofxref_hist.zip") as archive:
        (name,) = archive.namelist()
        with archive.open(name) as file:
            table = pd.read_csv(file, index_col="Date", parse_dates=True)
    return table["USD"].astype(float).sort_index()


def google(data: Path) -> pd.Series:
    """Without dates in the file, from the first day of trading on."""
    prices = pd.read_csv(data / "finance" / "timegan_stock_data.csv")["Adj_Close"]
    prices.index = pd.bdate_range("2004-08-19", periods=len(prices), name="Date")
    return prices


def euro_by_hour(data: Path) -> pd.Series:
    """Days stand before months."""
    table = pd.read_csv(data / "intraday" / "gym_eurusd_1h_ask.csv")
    times = pd.to_datetime(table["Time"], format="%d.%m.%Y %H:%M:%S.%f")
    return pd.Series(table["Close"].to_numpy(), index=pd.DatetimeIndex(times), name="Close")


SERIES: Mapping[str, Reader] = {
    "sp500": sample,
    "quantgans": lambda data: sample(data).loc[QUANT_GANS],
    "nasdaq": dated("finance/arch_nasdaq.csv.gz", "Date", "Adj Close"),
    "wti": oil,
    "eurusd": euro,
    "aapl": dated("finance/casper_dataAPPL.csv", "date", "Close"),
    "goog": google,
    "vix": dated("finance/datahub_vix_daily.csv", "DATE", "CLOSE"),
    "eurusd_1h": euro_by_hour,
}
OWN = ("sp500", "quantgans")
"""Series that need no data folder."""


def check_series(name: str, data: Path | None) -> None:
    """Demand what can be demanded before any file is read.

    Raises:
        DataError: there is no such series or file, or its folder is not given.
    """
    if name not in SERIES and not Path(name).is_file():
        known = ", ".join(SERIES)
        raise DataError(f"expected a series of {known} or the path of a price file, got {name!r}")
    if name in SERIES and name not in OWN and (data is None or not data.is_dir()):
        raise DataError(f"{name}: expected the folder of its file, name it with --data")


def read_series(name: str, data: Path | None = None) -> Prices:
    """Return the prices of a series of ``SERIES``, or of the price file at the path ``name``.

    Raises:
        DataError: there is no such series or file, or its folder is not given.
    """
    check_series(name, data)
    return read_prices(SERIES[name](data or SAMPLE.parent) if name in SERIES else name)
