"""``tsgan fetch`` writes a file that ``tsgan fit`` reads, or says in a line why not."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tiny
import yahoo_server
from typer.testing import Result
from yahoo_listings import Listing, closes, daily
from yahoo_server import Yahoo

from tsgan import read_prices

pytestmark = pytest.mark.usefixtures("elsewhere")

BARS = {name: daily(closes(701, seed), "2020-01-06") for seed, name in enumerate(("AAPL", "MSFT"))}


@pytest.fixture
def yahoo(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator:
    monkeypatch.setenv("TSGAN_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setattr("tsgan.data.yahoo.WAITS", {"limit": (0.0,), "server": (), "network": ()})
    listings = {(name, "1d"): Listing(bars) for name, bars in BARS.items()}
    with yahoo_server.played(listings, monkeypatch) as yahoo:
        yield yahoo


def fetch(*arguments: object) -> Result:
    return tiny.command("fetch", *arguments)


def written(*arguments: object) -> list[str]:
    """Fetch, and return the lines on stdout; nothing else is said."""
    result = fetch(*arguments)
    assert result.exit_code == 0 and result.stderr == "", result.output
    return result.stdout.splitlines()


def names() -> set[str]:
    return {file.name for file in Path().iterdir()}


@pytest.mark.usefixtures("tiny_defaults", "unjudged")
def test_next_command_fits_what_was_fetched(yahoo: Yahoo) -> None:
    lines = written("AAPL")
    assert lines == [
        "Wrote 701 1d prices of AAPL to prices.csv, 2020-01-06 to 2022-09-12.",
        "Their source, terms and digest are in prices.csv.json.",
        "Next: tsgan fit prices.csv",
    ]
    assert names() == {"prices.csv", "prices.csv.json"}
    result = tiny.command(*shlex.split(lines[-1])[2:], "--steps", 2)
    assert result.exit_code == 0, result.output
    assert Path("prices-model").is_dir()


def test_next_command_fits_one_of_several(yahoo: Yahoo) -> None:
    lines = written("AAPL", "MSFT", "-o", "two stocks.csv")
    assert lines[-1] == "Next: tsgan fit 'two stocks.csv' --column AAPL"
    assert read_prices("two stocks.csv", ("MSFT", "AAPL")).names == ("MSFT", "AAPL")


def test_options_choose_dates_and_file(yahoo: Yahoo) -> None:
    written("AAPL", "--start", "2021-01-01", "--end", "2021-12-31", "--out", "x.parquet")
    frame = pd.read_parquet("x.parquet")
    expected = BARS["AAPL"].loc["2021"]
    assert np.array_equal(frame["Adj Close"], expected["Adj Close"])
    assert list(frame.columns) == ["Date", "Open", "High", "Low", "Close", "Adj Close", "Volume"]
    facts = json.loads(Path("x.parquet.json").read_text())
    assert facts["asked"] == {"first": "2021-01-01", "last": "2021-12-31"}


def test_existing_file_is_kept_unless_replaced(yahoo: Yahoo) -> None:
    Path("prices.csv").write_text("mine")
    tiny.demand_refusal(fetch("AAPL"), "prices.csv", "--overwrite")
    assert yahoo.asked == [] and Path("prices.csv").read_text() == "mine"
    written("AAPL", "--overwrite")
    assert len(read_prices("prices.csv")) == 701


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("AAPL", "--out", "none/prices.csv"), "none"),
        (("AAPL", "--out", "prices.txt"), ".parquet"),
        (("AAPL", "--interval", "1w"), "1d, 1h, 5m"),
        (("AAPL", "--interval", "5m", "--start", "2020-01-01"), "58 days"),
        (("AAPL", "--start", "2021-01-01", "--end", "2020-01-01"), "2020-01-01"),
    ],
)
def test_what_cannot_be_is_refused_before_asking(
    yahoo: Yahoo, arguments: tuple[str, ...], words: str
) -> None:
    tiny.demand_refusal(fetch(*arguments), words)
    assert yahoo.asked == [] and names() == set()


def test_nothing_is_written_if_one_ticker_is_unknown(yahoo: Yahoo) -> None:
    tiny.demand_refusal(fetch("AAPL", "NOSUCH"), "NOSUCH")
    assert names() == set()


def test_failing_server_is_a_line(yahoo: Yahoo) -> None:
    yahoo.ill = 500
    tiny.demand_refusal(fetch("AAPL"), "HTTP 500")
    assert names() == set()


def test_new_attempts_and_lost_dates_are_said_on_stderr(yahoo: Yahoo) -> None:
    yahoo.listings = {
        ("AAPL", "1d"): Listing(BARS["AAPL"]),
        ("MSFT", "1d"): Listing(BARS["MSFT"].iloc[100:]),
    }
    yahoo.faults.extend([429, 429])
    result = fetch("AAPL", "MSFT")
    assert result.exit_code == 0
    assert result.stderr.splitlines() == [
        "tsgan: AAPL: Yahoo answers that it was asked too often (HTTP 429); asking again in 0 s",
        "tsgan: AAPL: 100 of 701 dates left out, as not every ticker has a price then.",
    ]
    assert len(pd.read_csv("prices.csv")) == 601


def test_long_wait_is_announced(yahoo: Yahoo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tsgan.cli.fetch.PATIENCE", 0.01)
    yahoo.delay = 0.1
    result = fetch("AAPL", "MSFT")
    assert result.stderr == "tsgan: waiting for Yahoo's prices of AAPL, MSFT\n"


def test_kept_answers_are_said_and_can_be_refused(yahoo: Yahoo) -> None:
    written("AAPL")
    assert len(yahoo.charts) == 1
    kept = [line for line in written("AAPL", "--overwrite") if "--no-cache" in line]
    assert (
        len(yahoo.charts) == 1
        and len(kept) == 1
        and kept[0].endswith(": 1 of 1 answers; --no-cache asks again.")
    )
    both = written("AAPL", "MSFT", "--overwrite")
    assert any(": 1 of 2 answers" in line for line in both)
    assert not any("no-cache" in line for line in written("AAPL", "--overwrite", "--no-cache"))
    assert len(yahoo.charts) == 3
