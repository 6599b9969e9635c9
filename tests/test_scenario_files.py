"""Scenario files are read back by tsgan, and by pandas and NumPy as any user would."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
import tiny

from tsgan.errors import ConfigError, DataError
from tsgan.scenario_files import write_scenarios
from tsgan.scenarios import BUSINESS_DAYS, Calendar, Scenarios
from tsgan.synthetic_files import read_synthetic

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
    back = read_synthetic(path).log_returns
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
    back = read_synthetic(tmp_path / f"x{suffix}").log_returns
    assert np.array_equal(back, scenarios().log_returns)


ORIGIN: dict[str, str | int] = {"source": "prices.csv", "sha256": "ab" * 32, "training": 4024}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_origin_stands_in_the_metadata_of_parquet_alone(tmp_path: Path, suffix: str) -> None:
    plain, told = tmp_path / f"plain{suffix}", tmp_path / f"told{suffix}"
    write(plain, scenarios(), 3)
    write_scenarios(told, in_groups(scenarios(), 3, 5), PATHS, HORIZON, ORIGIN)
    assert read_synthetic(plain).origin is None
    assert read_synthetic(told).origin == (ORIGIN if suffix == ".parquet" else None)
    if suffix == ".parquet":
        pd.testing.assert_frame_equal(read_frame(plain), read_frame(told), check_exact=True)
    else:
        assert plain.read_bytes() == told.read_bytes()


def test_groups_are_written_one_by_one(tmp_path: Path) -> None:
    write_scenarios(tmp_path / "x.parquet", in_groups(scenarios(), 2, 5), PATHS, HORIZON, ORIGIN)
    assert pa.parquet.ParquetFile(tmp_path / "x.parquet").metadata.num_row_groups == 3


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
    with pytest.raises(ConfigError, match=r"ends in \.parquet, \.csv, \.npy"):
        write_scenarios(tmp_path / name, iter([scenarios()]), PATHS, HORIZON)
    assert list(tmp_path.iterdir()) == []


def test_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"the folder .*nowhere does not exist"):
        write_scenarios(tmp_path / "nowhere" / "x.npy", iter([scenarios()]), PATHS, HORIZON)
