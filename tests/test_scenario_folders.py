"""A folder of scenario files reads as one table, is never half a file, and can be gone on with."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset
import pytest
from scenario_example import NAMES, Sampler
from scenario_example import scenarios as example

from tsgan.errors import ConfigError, DataError
from tsgan.scenario_files import Written, write_scenarios
from tsgan.scenario_folders import COMPLETE, STARTED
from tsgan.scenario_requests import WriteRequest
from tsgan.synthetic_files import read_origin, read_synthetic

PATHS, HORIZON = 23, 6
ORIGIN: dict[str, str | int] = {"source": "prices.csv", "training": 4024}
REQUEST = WriteRequest(PATHS, HORIZON, partition=5, origin=ORIGIN, identity={"seed": 3})
FILES = [
    "paths-000000000-000000004.parquet",
    "paths-000000005-000000009.parquet",
    "paths-000000010-000000014.parquet",
    "paths-000000015-000000019.parquet",
    "paths-000000020-000000022.parquet",
]


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def interrupted(folder: Path, at: int, **request: Any) -> KeyboardInterrupt:
    source = Sampler(HORIZON, group=3, fails_at=at)
    with pytest.raises(KeyboardInterrupt) as caught:
        write_scenarios(folder, source, replace(REQUEST, **request))
    return caught.value


@pytest.mark.parametrize(("assets", "bars"), [(1, 0), (2, 0), (1, 4)])
def test_folder_reads_as_one_table(tmp_path: Path, assets: int, bars: int) -> None:
    request = replace(REQUEST, assets=assets, bars=bars)
    write_scenarios(f"{tmp_path}/out/", Sampler(HORIZON, assets, bars), request)
    folder = tmp_path / "out"
    assert sorted(contents(folder)) == [COMPLETE, STARTED, *FILES]
    expected = example(range(PATHS), HORIZON, assets, bars).to_frame()
    for frame in (pd.read_parquet(folder), pa.dataset.dataset(folder).to_table().to_pandas()):
        frame = frame.sort_values("path", kind="stable", ignore_index=True)
        assert list(frame.columns) == list(expected.columns)
        for name in set(expected.columns) - {"asset"}:
            assert (frame[name].to_numpy() == expected[name].to_numpy()).all()
    assert pd.read_parquet(folder / FILES[4])["path"].unique().tolist() == [20, 21, 22]
    found = read_synthetic(folder)
    wanted = example(range(PATHS), HORIZON, assets).log_returns
    np.testing.assert_array_equal(found.log_returns, wanted)
    assert found.origin == ORIGIN == read_origin(folder)
    assert found.assets == (() if assets == 1 else NAMES[:assets])


def test_manifest_lists_the_files(tmp_path: Path) -> None:
    write_scenarios(tmp_path / "out", Sampler(HORIZON), REQUEST)
    manifest = json.loads((tmp_path / "out" / COMPLETE).read_text())
    assert [each["file"] for each in manifest["files"]] == FILES
    assert [each["paths"] for each in manifest["files"]] == [5, 5, 5, 5, 3]
    assert manifest["request"]["seed"] == 3 and manifest["origin"] == ORIGIN


@pytest.mark.parametrize(
    ("horizon", "expected"), [(252, 20_000), (5000, 1000), (2**23, 1), (10**7, 1), (1, 5 * 10**6)]
)
def test_files_are_of_a_handy_size_unless_told(horizon: int, expected: int) -> None:
    assert WriteRequest(10, horizon).file_paths == expected
    assert WriteRequest(10, horizon, partition=7).file_paths == 7
    assert 10**6 * WriteRequest(10**9, horizon).file_paths >= 10**9


@pytest.mark.parametrize("at", [0, 1, 5, 12, 22])
def test_interrupted_folder_goes_on(tmp_path: Path, at: int) -> None:
    write_scenarios(tmp_path / "whole", Sampler(HORIZON), REQUEST)
    folder = tmp_path / "out"
    note = interrupted(folder, at).__notes__
    assert note == [f"its complete files are kept in {folder}; add --resume to go on"]
    there = sorted(contents(folder))
    assert there == [STARTED, *FILES[: at // 3 * 3 // 5]]
    with pytest.raises(DataError, match=r"writing was interrupted; repeat .* with --resume"):
        read_synthetic(folder)
    before = contents(folder)
    source = Sampler(HORIZON, group=4)
    told: list[int] = []
    done = write_scenarios(folder, source, replace(REQUEST, resume=True), told.append)
    reused = 5 * (len(there) - 1)
    assert done == Written(PATHS, reused) and sum(told) == PATHS
    assert source.sampled == [*range(reused, PATHS)]
    assert contents(folder) == contents(tmp_path / "whole")
    assert {name: contents(folder)[name] for name in before} == before


def test_only_what_is_missing_is_sampled(tmp_path: Path) -> None:
    write_scenarios(tmp_path, Sampler(HORIZON), REQUEST)
    whole = contents(tmp_path)
    (tmp_path / FILES[0]).unlink()
    (tmp_path / FILES[2]).write_bytes(whole[FILES[4]])
    (tmp_path / FILES[3]).write_bytes(whole[FILES[3]][:-9])
    (tmp_path / f".tsgan-0123abcd-{FILES[0]}").write_bytes(b"half")
    source = Sampler(HORIZON)
    done = write_scenarios(tmp_path, source, replace(REQUEST, resume=True))
    assert source.sampled == [*range(5), *range(10, 20)] and done.reused == 8
    assert contents(tmp_path) == whole
    source = Sampler(HORIZON)
    assert write_scenarios(tmp_path, source, replace(REQUEST, resume=True)) == Written(23, 23)
    assert source.sampled == [] and contents(tmp_path) == whole


def test_folder_is_not_called_complete_while_it_is_mended(tmp_path: Path) -> None:
    write_scenarios(tmp_path, Sampler(HORIZON), REQUEST)
    (tmp_path / FILES[1]).unlink()
    interrupted(tmp_path, 5, resume=True)
    assert sorted(contents(tmp_path)) == sorted({STARTED, *FILES} - {FILES[1]})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"identity": {"seed": 4}}, "its seed is 3, not 4"),
        ({"identity": {}}, "its seed is 3, not None"),
        ({"identity": {"seed": 3, "given": "high"}}, "its given is None, not 'high'"),
        ({"paths": 24}, "its paths is 23, not 24"),
        ({"horizon": 7}, "its horizon is 6, not 7"),
        ({"partition": 6}, "its partition is 5, not 6"),
        ({"assets": 2}, "its assets is 1, not 2"),
    ],
)
def test_leftovers_of_another_request_are_refused(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    folder = tmp_path / "out"
    interrupted(folder, 12)
    before = contents(folder)
    source = Sampler(HORIZON)
    with pytest.raises(ConfigError, match=f"{STARTED}: .*{message}; .*delete them"):
        write_scenarios(folder, source, replace(REQUEST, resume=True, **change))
    assert contents(folder) == before and source.sampled == []


def test_folder_that_was_begun_is_not_written_over(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    interrupted(folder, 12)
    before = contents(folder)
    with pytest.raises(ConfigError, match="add --resume to go on"):
        write_scenarios(folder, Sampler(HORIZON), REQUEST)
    assert contents(folder) == before


@pytest.mark.parametrize("name", ["mine.parquet", "notes.txt", FILES[0]])
@pytest.mark.parametrize("resume", [False, True])
def test_folder_with_other_files_is_refused(tmp_path: Path, name: str, resume: bool) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(ConfigError, match=f"expected an empty folder.*found {name}"):
        write_scenarios(tmp_path, Sampler(HORIZON), replace(REQUEST, resume=resume))
    assert contents(tmp_path) == {name: b"mine"}


@pytest.mark.parametrize("text", ["", "[1]", "{", "[" * 30_000])
def test_damaged_request_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / STARTED).write_text(text)
    with pytest.raises(ConfigError, match=f"{STARTED}: .* cannot be read"):
        write_scenarios(tmp_path, Sampler(HORIZON), replace(REQUEST, resume=True))


def test_resume_needs_a_function(tmp_path: Path) -> None:
    groups = Sampler(HORIZON)(range(PATHS))
    with pytest.raises(ConfigError, match="groups as a function"):
        write_scenarios(tmp_path, groups, replace(REQUEST, resume=True))


def test_folder_of_which_a_file_is_missing_is_not_read(tmp_path: Path) -> None:
    write_scenarios(tmp_path, Sampler(HORIZON), REQUEST)
    (tmp_path / FILES[2]).rename(tmp_path / "x.parquet")
    with pytest.raises(DataError, match=f"expected the files .* lists, found no {FILES[2]}"):
        read_synthetic(tmp_path)
    (tmp_path / "x.parquet").rename(tmp_path / FILES[2])
    (tmp_path / "x.parquet").write_bytes((tmp_path / FILES[2]).read_bytes())
    with pytest.raises(DataError, match=r"found x\.parquet, too"):
        read_synthetic(tmp_path)
    (tmp_path / COMPLETE).write_text("{")
    with pytest.raises(DataError, match="expected"):
        read_synthetic(tmp_path)


def test_any_folder_of_parquet_files_is_read(tmp_path: Path) -> None:
    frame = example(range(8), HORIZON).to_frame()
    frame[frame["path"] < 3].to_parquet(tmp_path / "a.parquet")
    frame[frame["path"] >= 3].to_parquet(tmp_path / "b.parquet")
    (tmp_path / ".tsgan-0123abcd-b.parquet").write_bytes(b"half")
    found = read_synthetic(tmp_path)
    np.testing.assert_array_equal(found.log_returns, example(range(8), HORIZON).log_returns)
    assert found.origin is None and found.notes[-1] == "Read 8 paths of 6 steps."
    (tmp_path / "c.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(DataError, match="expected whole Parquet files"):
        read_synthetic(tmp_path)
