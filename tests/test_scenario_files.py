"""Scenario files are read back by tsgan, and by pandas and NumPy as any user would."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
import tiny
from scenario_example import NAMES, Sampler, path_returns
from scenario_example import scenarios as example

from tsgan import scenario_requests
from tsgan.calendars import BUSINESS_DAYS
from tsgan.errors import ConfigError, DataError
from tsgan.scenario_files import Written, write_scenarios
from tsgan.scenario_requests import WriteRequest
from tsgan.scenario_tables import wide_assets, wide_names
from tsgan.scenarios import Scenarios
from tsgan.synthetic_files import read_synthetic

PATHS, HORIZON = 7, 11
SUFFIXES = [".parquet", ".csv", ".npy"]
COLUMNS = ["path", "step", "date", "log_return", "close"]
REQUEST = WriteRequest(PATHS, HORIZON)


def scenarios(step: str | int = BUSINESS_DAYS, last: str | None = "2021-12-31") -> Scenarios:
    whole = example(range(PATHS), HORIZON, step=step, last=last)
    # show a digit that is lost
    whole.log_returns[0, :3] = [0.1 + 0.2, -1e-17, np.nextafter(0.01, 1)]
    return whole


def in_groups(whole: Scenarios, *ends: int) -> Iterator[Scenarios]:
    first = 0
    for end in (*ends, len(whole.numbers)):
        yield tiny.some_paths(whole, first, end)
        first = end


def write(path: Path, whole: Scenarios, *ends: int, **request: Any) -> Path:
    done = write_scenarios(path, in_groups(whole, *ends), replace(REQUEST, **request))
    assert done == Written(PATHS, 0)
    return path


def read_frame(path: Path) -> pd.DataFrame:
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    return pd.read_csv(path, parse_dates=["date"])


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two paths are written at a time; of longer paths, 25 rows."""
    monkeypatch.setattr(scenario_requests, "ROWS_AT_ONCE", 25)
    monkeypatch.setattr("tsgan.scenario_tables.ROWS_AT_ONCE", 25)


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


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
@pytest.mark.parametrize(("assets", "bars"), [(1, 3), (1, 4), (2, 0), (3, 0)])
@pytest.mark.parametrize("horizon", [8, 60])
@pytest.mark.usefixtures("small_pieces")
def test_panels_and_bars_are_the_frame_of_the_scenarios(
    tmp_path: Path, suffix: str, assets: int, bars: int, horizon: int
) -> None:
    path = tmp_path / f"x{suffix}"
    request = WriteRequest(9, horizon, assets, bars)
    write_scenarios(path, Sampler(horizon, assets, bars, group=4), request)
    expected = example(range(9), horizon, assets, bars).to_frame()
    frame = read_frame(path)
    assert list(frame.columns) == list(expected.columns)
    for name in expected.columns:
        if name in ("date", "asset"):
            assert (frame[name].to_numpy() == expected[name].to_numpy()).all()
        else:
            np.testing.assert_allclose(frame[name], expected[name], 1e-14, 1e-15, err_msg=name)
    found = read_synthetic(path)
    assert found.assets == (() if assets == 1 else NAMES[:assets])
    wanted = example(range(9), horizon, assets).log_returns
    np.testing.assert_array_equal(found.log_returns, wanted)


def test_npy_of_several_assets_has_three_axes(tmp_path: Path) -> None:
    write_scenarios(tmp_path / "x.npy", Sampler(5, 3), WriteRequest(9, 5, 3))
    array = np.load(tmp_path / "x.npy")
    assert array.shape == (9, 5, 3)
    assert np.array_equal(array[8], path_returns(8, 5, 3))


@pytest.mark.parametrize("values", ["close", "log_return"])
@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
@pytest.mark.parametrize("in_memory", [True, False])
def test_wide_table_has_a_column_per_path(
    tmp_path: Path, suffix: str, values: str, in_memory: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tsgan.scenario_wide.NUMBERS_AT_ONCE", 2 * PATHS + 1)
    if not in_memory:
        monkeypatch.setattr("tsgan.scenario_wide.IN_MEMORY", 5)
    whole = scenarios()
    path = write(tmp_path / f"x{suffix}", whole, 2, shape="wide", values=values)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    frame = read_frame(path).set_index("date")
    assert list(frame.columns) == [str(k) for k in range(PATHS)]
    expected = whole.to_frame("wide").to_numpy() if values == "close" else whole.log_returns.T
    np.testing.assert_allclose(frame.to_numpy(), expected, 1e-14, 1e-15)
    assert np.array_equal(frame.index.to_numpy("datetime64[D]"), whole.dates)
    found = read_synthetic(path)
    if values == "log_return":
        assert np.array_equal(found.log_returns, whole.log_returns)
    else:
        np.testing.assert_allclose(found.log_returns, whole.log_returns[:, 1:], atol=1e-12)


@pytest.mark.parametrize("values", ["close", "log_return"])
@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
@pytest.mark.parametrize("in_memory", [True, False])
def test_wide_table_of_a_panel_has_a_column_per_path_and_asset(
    tmp_path: Path, suffix: str, values: str, in_memory: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tsgan.scenario_wide.NUMBERS_AT_ONCE", 40)
    request = WriteRequest(5, 11, 3, first=8, shape="wide", values=values)  # type: ignore[arg-type]
    most = 5 * 3 * 11 if in_memory else 5 * 3 * 11 - 1
    monkeypatch.setattr("tsgan.scenario_wide.IN_MEMORY", most)
    monkeypatch.setattr("tsgan.scenario_requests.IN_MEMORY", most)
    assert request.scratch_bytes == (0 if in_memory else 8 * 5 * 3 * 11)
    path = tmp_path / f"x{suffix}"
    write_scenarios(path, Sampler(11, 3, group=2), request)
    frame = read_frame(path).set_index("date")
    assert list(frame.columns[:4]) == ["8|SPY", "8|TLT", "8|Gold, spot", "9|SPY"]
    pairs = [name.split("|", 1) for name in frame.columns]
    frame.columns = pd.MultiIndex.from_tuples([(int(k), asset) for k, asset in pairs])
    whole = example(range(8, 13), 11, 3)
    if values == "close":
        expected = whole.to_frame("wide")
        assert frame.columns.tolist() == expected.columns.tolist()
        np.testing.assert_allclose(frame.to_numpy(), expected.to_numpy(), 1e-14)
    for k in range(5):
        made = whole.log_returns[k] if values == "log_return" else whole.closes()[k]
        np.testing.assert_allclose(frame[8 + k].to_numpy(), made, 1e-14, 1e-15)


def test_columns_of_a_wide_panel_name_its_assets() -> None:
    assets = ("A", "B|C", "3")
    names = wide_names(range(9, 12), assets)
    assert names[:4] == ["9|A", "9|B|C", "9|3", "10|A"]
    assert wide_assets(names) == assets
    assert wide_names(range(3), ("close",)) == ["0", "1", "2"]
    for other in (["0", "1"], [*names[:-1]], [*names[1:], names[0]], ["a|A", "b|A"], ["0|", "1|"]):
        assert wide_assets(other) == ()


def test_wide_parquet_knows_that_small_closes_are_prices(tmp_path: Path) -> None:
    whole = replace(scenarios(), start_price=1e-4)
    path = write(tmp_path / "x.parquet", whole, shape="wide")
    found = read_synthetic(path).log_returns
    np.testing.assert_allclose(found, whole.log_returns[:, 1:], atol=1e-12)
    write(tmp_path / "x.csv", whole, shape="wide")
    with pytest.raises(DataError, match="may be either"):
        read_synthetic(tmp_path / "x.csv")


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_wide_table_without_dates_counts_the_steps(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / f"x{suffix}", scenarios(last=None), shape="wide", values="log_return")
    frame = pd.read_parquet(path) if suffix == ".parquet" else pd.read_csv(path)
    assert frame["step"].tolist() == [*range(1, HORIZON + 1)] and len(frame.columns) == PATHS + 1
    assert np.array_equal(read_synthetic(path).log_returns, scenarios().log_returns)


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
    write(told, scenarios(), 3, 5, origin=ORIGIN)
    assert read_synthetic(plain).origin is None
    assert read_synthetic(told).origin == (ORIGIN if suffix == ".parquet" else None)
    if suffix == ".parquet":
        pd.testing.assert_frame_equal(read_frame(plain), read_frame(told), check_exact=True)
    else:
        assert plain.read_bytes() == told.read_bytes()


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.usefixtures("small_pieces")
def test_file_does_not_depend_on_the_groups(tmp_path: Path, suffix: str) -> None:
    files = [write(tmp_path / f"{len(e)}{suffix}", scenarios(), *e) for e in [(), (1,), (1, 2, 6)]]
    assert len({file.read_bytes() for file in files}) == 1
    if suffix == ".parquet":
        metadata = pa.parquet.ParquetFile(files[0]).metadata
        rows = [metadata.row_group(k).num_rows for k in range(metadata.num_row_groups)]
        assert rows == [2 * HORIZON, 2 * HORIZON, 2 * HORIZON, HORIZON]


@pytest.mark.usefixtures("small_pieces")
def test_long_path_is_cut_into_row_groups(tmp_path: Path) -> None:
    write_scenarios(tmp_path / "x.parquet", Sampler(60), WriteRequest(2, 60))
    metadata = pa.parquet.ParquetFile(tmp_path / "x.parquet").metadata
    rows = [metadata.row_group(k).num_rows for k in range(metadata.num_row_groups)]
    assert rows == [25, 25, 10] * 2
    assert pd.read_parquet(tmp_path / "x.parquet")["step"].tolist() == [*range(1, 61)] * 2


def test_progress_is_told_of_every_path(tmp_path: Path) -> None:
    told: list[int] = []
    write_scenarios(tmp_path / "x.csv", Sampler(5), WriteRequest(20, 5), told.append)
    assert sum(told) == 20 and min(told) > 0


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("shape", ["long", "wide"])
@pytest.mark.parametrize("failure", [RuntimeError("no"), KeyboardInterrupt()])
@pytest.mark.parametrize("old", [False, True])
def test_interrupted_writing_changes_nothing(
    tmp_path: Path, suffix: str, shape: Any, failure: BaseException, old: bool
) -> None:
    if shape == "wide" and suffix == ".npy":
        return
    path = tmp_path / f"x{suffix}"
    if old:
        path.write_text("old")
    source = Sampler(HORIZON, group=2, fails_at=4, failure=failure)
    with pytest.raises(type(failure)) as caught:
        write_scenarios(path, source, replace(REQUEST, shape=shape))
    assert not hasattr(caught.value, "__notes__")
    assert [file.read_text() for file in tmp_path.iterdir()] == (["old"] if old else [])


@pytest.mark.parametrize("name", ["x", "x.xlsx", "x.csv.gz", "npy"])
def test_unknown_format_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=r"ends in \.parquet, \.csv, \.npy"):
        write_scenarios(tmp_path / name, [scenarios()], REQUEST)
    assert list(tmp_path.iterdir()) == []


WRONG: dict[str, tuple[list[Scenarios], str]] = {
    "too few": ([example(range(5), HORIZON)], "expected 7 paths, got 5"),
    "too many": ([example(range(8), HORIZON)], "paths up to 6, got 0 to 7"),
    "not from 0": ([example(range(1, 7), HORIZON)], "expected path 0 next"),
    "a gap": ([example(range(3), HORIZON), example(range(4, 7), HORIZON)], "expected path 3 next"),
    "another horizon": ([example(range(7), HORIZON + 1)], r"be \(11, 1, 0\), got \(12, 1, 0\)"),
    "several assets": ([example(range(7), HORIZON, 2)], r"got \(11, 2, 0\)"),
    "bars": ([example(range(7), HORIZON, 1, 4)], r"got \(11, 1, 4\)"),
}


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("kind", WRONG)
def test_groups_that_were_not_asked_for_are_refused(tmp_path: Path, suffix: str, kind: str) -> None:
    groups, message = WRONG[kind]
    with pytest.raises(ConfigError, match=message):
        write_scenarios(tmp_path / f"x{suffix}", groups, REQUEST)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"paths": 0}, "paths: expected a whole number from 1"),
        ({"horizon": 0}, "horizon"),
        ({"shape": "tall"}, "shape: expected one of long, wide"),
        ({"values": "price"}, "values"),
        ({"partition": 0}, "partition"),
        ({"partition": 9, "paths": 10**7}, "partition: expected a whole number from 10 to"),
        ({"shape": "wide", "partition": 5}, "expected 'long' in a folder"),
        ({"shape": "wide", "paths": 10_001}, "at most 10,000 columns of a wide table, one for"),
        ({"shape": "wide", "paths": 5_001, "assets": 2}, "2 of each path, got 10,002"),
    ],
)
def test_bad_request_is_refused(request_: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        WriteRequest(**{"paths": 3, "horizon": 4, **request_})


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".npy"])
@pytest.mark.parametrize("shape", ["long", "wide"])
@pytest.mark.parametrize(("assets", "bars"), [(1, 0), (3, 0), (1, 4)])
def test_estimate_of_the_size_is_near(
    tmp_path: Path, suffix: str, shape: Any, assets: int, bars: int
) -> None:
    if shape == "wide" and suffix == ".npy":
        return
    request = WriteRequest(200, 1000, assets, bars, shape=shape)
    write_scenarios(tmp_path / f"x{suffix}", Sampler(1000, assets, bars, group=50), request)
    found = (tmp_path / f"x{suffix}").stat().st_size
    assert 0.8 * found < request.file_bytes(suffix) < 1.4 * found


def test_steps_and_dates_of_a_very_long_path_take_next_to_no_room(tmp_path: Path) -> None:
    request = WriteRequest(1, 300_000)
    write_scenarios(tmp_path / "x.parquet", Sampler(300_000), request)
    assert (tmp_path / "x.parquet").stat().st_size < request.file_bytes(".parquet")


@pytest.mark.parametrize("name", ["x.parquet", "x.csv", "x.npy"])
@pytest.mark.parametrize("shape", ["long", "wide"])
@pytest.mark.usefixtures("small_pieces")
def test_paths_from_another_number_on(tmp_path: Path, name: str, shape: Any) -> None:
    if shape == "wide" and name == "x.npy":
        return
    source = Sampler(HORIZON, group=3)
    request = WriteRequest(PATHS, HORIZON, first=15, shape=shape, values="log_return")
    write_scenarios(tmp_path / name, source, request)
    assert source.sampled == [*range(15, 15 + PATHS)]
    expected = example(range(15, 15 + PATHS), HORIZON)
    found = read_synthetic(tmp_path / name)
    np.testing.assert_array_equal(found.log_returns, expected.log_returns)
    if name != "x.npy":
        frame = read_frame(tmp_path / name)
        numbers = [*frame.columns[1:]] if shape == "wide" else frame["path"].unique().astype(str)
        assert [*numbers] == [*map(str, expected.numbers)]
