"""Answers are kept for a day's questions, and asked for again where they might have changed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yahoo_server
from yahoo_listings import Listing, closes, daily
from yahoo_server import Yahoo

from tsgan.data.cache_folder import cache_folder
from tsgan.data.fetch import fetch_prices
from tsgan.data.fetched import Fetched
from tsgan.data.price_cache import KEPT_DAYS

NOW = datetime(2024, 7, 1, 12, tzinfo=UTC)
LISTINGS = {
    (name, "1d"): Listing(daily(closes(300, seed), "2023-05-09"))
    for seed, name in enumerate(("AAPL", "CON"))
}


@pytest.fixture
def yahoo(monkeypatch: pytest.MonkeyPatch) -> Iterator[Yahoo]:
    with yahoo_server.played(LISTINGS, monkeypatch) as yahoo:
        yield yahoo


def fetch(cache: Path | None, *arguments: Any, hours: float = 0, **options: Any) -> Fetched:
    now = NOW + timedelta(hours=hours)
    return fetch_prices(*(arguments or ("AAPL",)), cache=cache, now=lambda: now, **options)


def test_same_question_is_asked_once_a_day(yahoo: Yahoo, tmp_path: Path) -> None:
    first = fetch(tmp_path)
    again = fetch(tmp_path, hours=11)
    assert len(yahoo.charts) == 1
    pd.testing.assert_frame_equal(first.frame, again.frame)
    assert again.fetched == first.fetched == NOW.isoformat()
    assert [one.series[0]["cached"] for one in (first, again)] == [False, True]
    differing = {name for name in first.series[0] if first.series[0][name] != again.series[0][name]}
    assert differing == {"cached"}
    both = fetch(tmp_path, ["AAPL", "CON"], hours=5)
    assert both.fetched == NOW.isoformat() != both.series[1]["fetched"]
    tomorrow = fetch(tmp_path, hours=12)
    assert len(yahoo.charts) == 3 and tomorrow.last == "2024-07-01"


@pytest.mark.parametrize(
    "other",
    [("CON",), ("AAPL", "2024-01-01"), ("AAPL", None, "2024-01-01"), ("AAPL", None, None, "1h")],
)
def test_another_question_is_asked(yahoo: Yahoo, tmp_path: Path, other: tuple[Any, ...]) -> None:
    fetch(tmp_path)
    if other[-1] == "1h":
        with pytest.raises(Exception, match="1h prices"):
            fetch(tmp_path, *other)
    else:
        fetch(tmp_path, *other)
    assert len(yahoo.charts) >= 2


def test_past_days_are_not_asked_for_on_another_day(yahoo: Yahoo, tmp_path: Path) -> None:
    for hours in (0, 240):
        fetch(tmp_path, "AAPL", "2024-01-01", "2024-02-01", hours=hours)
    assert len(yahoo.charts) == 1


def test_refreshing_asks_and_keeps_the_new_answer(yahoo: Yahoo, tmp_path: Path) -> None:
    fetch(tmp_path)
    yahoo.listings = {("AAPL", "1d"): Listing(LISTINGS["AAPL", "1d"].bars * 2)}
    new = fetch(tmp_path, refresh=True, hours=1)
    assert len(yahoo.charts) == 2 and not new.series[0]["cached"]
    pd.testing.assert_frame_equal(fetch(tmp_path, hours=2).frame, new.frame)
    assert len(yahoo.charts) == 2


def test_nothing_is_kept_without_a_folder(
    yahoo: Yahoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import yfinance

    yfinance.set_tz_cache_location(str(tmp_path / "theirs"))
    monkeypatch.setenv("TSGAN_CACHE", str(tmp_path / "ours"))
    for _ in range(2):
        fetch(None)
    assert len(yahoo.charts) == 2
    assert not (tmp_path / "ours").exists()


def test_damaged_answer_is_asked_for_again(yahoo: Yahoo, tmp_path: Path) -> None:
    expected = fetch(tmp_path).frame
    (file,) = tmp_path.glob("answers/*.parquet")
    whole = file.read_bytes()
    pd.DataFrame({"x": [1]}).to_parquet(tmp_path / "other")
    for content in (b"", b"PAR1", whole[: len(whole) // 2], (tmp_path / "other").read_bytes()):
        file.write_bytes(content)
        pd.testing.assert_frame_equal(fetch(tmp_path).frame, expected)
        assert file.stat().st_size > 1000
    assert len(yahoo.charts) == 5


def test_folder_that_cannot_be_written_to_is_said(yahoo: Yahoo, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said: list[str] = []
    assert len(fetch(tmp_path / "file", say=said.append)) == 299
    assert len(said) == 1 and said[0].startswith("The answer could not be kept: ")


def test_old_answers_are_deleted(yahoo: Yahoo, tmp_path: Path) -> None:
    fetch(tmp_path)
    (old,) = tmp_path.glob("answers/*.parquet")
    for days, kept in ((KEPT_DAYS - 1, True), (KEPT_DAYS + 1, False)):
        then = time.time() - days * 86_400
        os.utime(old, (then, then))
        fetch(tmp_path, "CON", refresh=True)
        assert old.exists() is kept


def test_yfinance_keeps_its_databases_there_too(yahoo: Yahoo, tmp_path: Path) -> None:
    fetch(tmp_path)
    assert (tmp_path / "yfinance" / "tkr-tz.db").exists()
    names = {file.name for file in tmp_path.iterdir()}
    assert names == {"yfinance", "answers"}
    kept = [file.name for file in (tmp_path / "answers").iterdir()]
    assert kept == ["1d-AAPL-1925-07-31-2024-06-30.parquet"]


def test_folder_is_where_the_system_has_such(monkeypatch: pytest.MonkeyPatch) -> None:
    home = Path("/home/me")
    monkeypatch.setattr(Path, "home", lambda: home)
    asked = {
        ("linux", ()): home / ".cache" / "tsgan",
        ("linux", (("XDG_CACHE_HOME", "/xdg"),)): Path("/xdg/tsgan"),
        ("linux", (("XDG_CACHE_HOME", "relative"),)): home / ".cache" / "tsgan",
        ("darwin", (("XDG_CACHE_HOME", "/xdg"),)): home / "Library" / "Caches" / "tsgan",
        ("win32", (("LOCALAPPDATA", "/local"),)): Path("/local/tsgan/Cache"),
        ("win32", ()): home / "AppData" / "Local" / "tsgan" / "Cache",
        ("win32", (("TSGAN_CACHE", "/mine"),)): Path("/mine"),
        ("linux", (("TSGAN_CACHE", "/mine"), ("XDG_CACHE_HOME", "/xdg"))): Path("/mine"),
    }
    for (platform, environment), expected in asked.items():
        assert cache_folder(dict(environment), platform) == expected
