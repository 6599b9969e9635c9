"""Scenario files are read back by tsgan, and by pandas and NumPy as any user would."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tiny

from tsgan.errors import ConfigError, DataError
from tsgan.scenario_files import read_log_returns, write_scenarios
from tsgan.scenarios import BUSINESS_DAYS, Calendar, Scenarios

PATHS, HORIZON = 7, 11
SUFFIXES = [".parquet", ".csv", ".npy"]
COLUMNS = ["path", "step", "date", "log_return", "close"]


def scenarios(step: str | int = BUSINESS_DAYS, last: str | None = "2021-12-31") -> Scenarios:
    returns = np.random.default_rng(0).normal(0, 0.01, (PATHS, HORIZON))
    returns[0, :3] = [0.1 + 0.2, -1e-17, np.nextafter(0.01, 1)]  # show a digit that is lost
    return Scenarios(returns, 99.9, Calendar(last, step).after(HORIZON), np.arange(PATHS))


def in_groups(whole: Scenarios, *ends: int) -> Iterator[Scenarios]:
    first = 0
    for end in (*ends, len(whole.paths)):
        yield tiny.some_paths(whole, first, end)
        first = end


def write(path: Path, whole: Scenarios, *ends: int) -> Path:
    write_scenarios(path, in_groups(whole, *ends), PATHS, HORIZON)
    return path


def read_frame(path: Path) -> pd.DataFrame:
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    return pd.read_csv(path, parse_dates=["date"])


@pytest.mark.parametrize("ends", [(), (1,), (3, 6)])
@pytest.mark.parametrize("suffix", [*SUFFIXES, ".NPY"])
def test_log_returns_come_back_to_the_last_bit(
    tmp_path: Path, suffix: str, ends: tuple[int, ...]
) -> None:
    whole = scenarios()
    path = write(tmp_path / f"x{suffix}", whole, *ends)
    back = read_log_returns(path)
    assert back.dtype == np.float64 and back.shape == (PATHS, HORIZON)
    assert np.array_equal(back, whole.log_returns)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_npy_is_a_plain_array(tmp_path: Path) -> None:
    array = np.load(write(tmp_path / "x.npy", scenarios(), 3), allow_pickle=False)
    assert array.dtype == np.float64 and array.shape == (PATHS, HORIZON)
    assert array.flags.c_contiguous and np.array_equal(array, scenarios().log_returns)


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
@pytest.mark.parametrize("step", [BUSINESS_DAYS, 3600])
def test_pandas_reads_the_frame(tmp_path: Path, suffix: str, step: str | int) -> None:
    whole = scenarios(step)
    frame = read_frame(write(tmp_path / f"x{suffix}", whole, 2))
    expected = whole.to_frame()
    assert list(frame.columns) == COLUMNS
    assert [frame[name].dtype.kind for name in ("path", "step", "log_return", "close")] == [*"iiff"]
    for name in COLUMNS[:2] + COLUMNS[3:]:
        # the CSV parser of pandas 2 is exact to 16 decimals only
        np.testing.assert_allclose(frame[name], expected[name], 1e-14, 1e-15, err_msg=name)
    dates = pd.to_datetime(frame["date"])
    assert np.array_equal(dates.to_numpy("datetime64[s]"), expected["date"])


def test_csv_shows_plain_dates_and_every_digit(tmp_path: Path) -> None:
    whole = scenarios()
    lines = write(tmp_path / "x.csv", whole).read_text().splitlines()
    assert lines[0].replace('"', "").split(",") == COLUMNS
    assert lines[1].split(",")[:3] == ["0", "1", "2022-01-03"]
    figures = np.array([[float(text) for text in line.split(",")[3:]] for line in lines[1:]])
    assert np.array_equal(figures[:, 0], whole.log_returns.ravel())
    assert np.array_equal(figures[:, 1], whole.closes().ravel())


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_dates_that_are_unknown_are_missing(tmp_path: Path, suffix: str) -> None:
    frame = read_frame(write(tmp_path / f"x{suffix}", scenarios(last=None), 2))
    assert frame["date"].isna().all()
    assert np.array_equal(read_log_returns(tmp_path / f"x{suffix}"), scenarios().log_returns)


def test_rows_may_be_in_any_order(tmp_path: Path) -> None:
    frame = scenarios().to_frame().sample(frac=1, random_state=0)
    frame.to_parquet(tmp_path / "x.parquet")
    assert np.array_equal(read_log_returns(tmp_path / "x.parquet"), scenarios().log_returns)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("failure", [RuntimeError("no"), KeyboardInterrupt()])
@pytest.mark.parametrize("old", [False, True])
def test_interrupted_writing_changes_nothing(
    tmp_path: Path, suffix: str, failure: BaseException, old: bool
) -> None:
    def broken() -> Iterator[Scenarios]:
        yield tiny.some_paths(scenarios(), 0, 4)
        raise failure

    path = tmp_path / f"x{suffix}"
    if old:
        path.write_text("old")
    with pytest.raises(type(failure)):
        write_scenarios(path, broken(), PATHS, HORIZON)
    assert [file.read_text() for file in tmp_path.iterdir()] == (["old"] if old else [])


@pytest.mark.parametrize("name", ["x", "x.xlsx", "x.csv.gz", "npy"])
def test_unknown_format_is_refused(tmp_path: Path, name: str) -> None:
    for attempt in (
        lambda: write_scenarios(tmp_path / name, iter([scenarios()]), PATHS, HORIZON),
        lambda: read_log_returns(tmp_path / name),
    ):
        with pytest.raises(ConfigError, match=r"ends in \.parquet, \.csv, \.npy"):
            attempt()
    assert list(tmp_path.iterdir()) == []


def cut(path: Path) -> None:
    whole = write(path, scenarios()).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


def claim_more_than_there_is(path: Path) -> None:
    header = {"descr": "<f8", "fortran_order": False, "shape": (10**9, 10**6)}
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)


def pack(path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, a=np.zeros((2, 3)))


FILES: dict[str, Callable[[Path], object]] = {
    "missing": lambda path: None,
    "folder": lambda path: path.mkdir(),
    "empty": lambda path: path.touch(),
    "garbage": lambda path: path.write_bytes(b"\x00\xffgarbage\n\x00" * 40),
    "truncated": cut,
}
ARRAYS: dict[str, Callable[[Path], object]] = {
    "pickled": lambda path: np.save(path, np.array([{"a": 1}], dtype=object)),
    "archive": pack,
    "one-dimensional": lambda path: np.save(path, np.zeros(5)),
    "whole numbers": lambda path: np.save(path, np.zeros((2, 5), dtype=np.int64)),
    "without paths": lambda path: np.save(path, np.zeros((0, 5))),
    "claiming more than there is": claim_more_than_there_is,
}
TABLES: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "without step": lambda frame: frame.drop(columns="step"),
    "without log_return": lambda frame: frame.drop(columns="log_return"),
    "without rows": lambda frame: frame.iloc[:0],
    "unequal paths": lambda frame: frame.iloc[:-1],
    "paths twice": lambda frame: pd.concat([frame, frame]),
    "step left out": lambda frame: frame[frame["step"] != 3],
    "words": lambda frame: frame.assign(log_return="much"),
    "lists for paths": lambda frame: frame.assign(path=[[0]] * len(frame)),
}


def demand_one_line(path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read_log_returns(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: expected")
    assert "\n" not in message and len(message) < 700


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("kind", FILES)
def test_damaged_file_is_named_in_one_line(tmp_path: Path, kind: str, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    FILES[kind](path)
    demand_one_line(path)


@pytest.mark.parametrize("kind", ARRAYS)
def test_other_array_is_named_in_one_line(tmp_path: Path, kind: str) -> None:
    ARRAYS[kind](tmp_path / "x.npy")
    demand_one_line(tmp_path / "x.npy")


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
@pytest.mark.parametrize("kind", TABLES)
def test_other_table_is_named_in_one_line(tmp_path: Path, kind: str, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    frame = TABLES[kind](scenarios().to_frame())
    frame.to_csv(path, index=False) if suffix == ".csv" else frame.to_parquet(path, index=False)
    demand_one_line(path)
