"""Targets: files, folders and addresses of other file systems; whole files or none."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pandas as pd
import pytest
from scenario_example import Sampler
from scenario_example import scenarios as example

from tsgan.errors import ConfigError, DataError
from tsgan.scenario_files import Written, check_target, write_scenarios
from tsgan.scenario_requests import WriteRequest
from tsgan.scenario_targets import demand_folder, size

PATHS, HORIZON = 20, 5
REQUEST = WriteRequest(PATHS, HORIZON)


@pytest.fixture
def memory() -> Iterator[Any]:
    files = fsspec.filesystem("memory")
    files.store.clear()
    files.pseudo_dirs[:] = [""]
    yield files
    files.store.clear()


def names(memory: Any) -> list[str]:
    return sorted(memory.store)


@pytest.mark.parametrize("address", ["memory://deep/er/x", "memory://x"])
@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".npy"])
def test_address_holds_the_same_bytes(
    tmp_path: Path, memory: Any, address: str, suffix: str
) -> None:
    write_scenarios(tmp_path / f"x{suffix}", Sampler(HORIZON), REQUEST)
    for _ in range(2):  # the second replaces the first
        write_scenarios(address + suffix, Sampler(HORIZON), REQUEST)
        with fsspec.open(address + suffix, "rb") as file:
            assert file.read() == (tmp_path / f"x{suffix}").read_bytes()
        assert names(memory) == [address.removeprefix("memory:/") + suffix]


def test_file_that_is_there_is_replaced_unless_that_is_refused(
    tmp_path: Path, memory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for target in (f"{tmp_path}/x.csv", "memory://deep/x.csv", "memory://x.csv"):
        check_target(target, overwrite=False)
        write_scenarios(target, Sampler(HORIZON), REQUEST)
        check_target(target)
        with pytest.raises(ConfigError, match=r"x\.csv: expected a new file.* --overwrite, or ch"):
            check_target(target, overwrite=False)
        check_target(target.replace("x.csv", "y.csv"), overwrite=False)
    check_target(f"{tmp_path}/", overwrite=False)  # of a folder its files are asked

    def hidden(*_: Any, **__: Any) -> None:
        raise PermissionError("no right to list")

    monkeypatch.setattr(memory, "ls", hidden)
    monkeypatch.setattr(memory, "isdir", hidden)
    check_target("memory://x.csv", overwrite=False)


def test_wide_table_behind_an_address(memory: Any) -> None:
    write_scenarios(
        "memory://w.parquet", Sampler(HORIZON), WriteRequest(PATHS, HORIZON, shape="wide")
    )
    frame = pd.read_parquet("memory://w.parquet").set_index("date")
    expected = example(range(PATHS), HORIZON).to_frame("wide")
    np.testing.assert_array_equal(frame.to_numpy(), expected.to_numpy())


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".npy"])
@pytest.mark.parametrize("failure", [KeyboardInterrupt(), RuntimeError("no")])
def test_interrupted_writing_leaves_nothing_there(
    memory: Any, suffix: str, failure: BaseException
) -> None:
    source = Sampler(HORIZON, fails_at=15, failure=failure)
    with pytest.raises(type(failure)):
        write_scenarios(f"memory://x{suffix}", source, REQUEST)
    assert names(memory) == []


def test_folder_behind_an_address_goes_on(memory: Any) -> None:
    request = WriteRequest(PATHS, HORIZON, partition=4, resume=True)
    with pytest.raises(KeyboardInterrupt):
        write_scenarios("memory://a/out", Sampler(HORIZON, group=3, fails_at=15), request)
    assert len(names(memory)) == 4 and all("/paths-" in name for name in names(memory)[1:])
    source = Sampler(HORIZON)
    assert write_scenarios("memory://a/out", source, request) == Written(PATHS, 12)
    assert source.sampled == [*range(12, PATHS)]
    frame = pd.read_parquet("memory://a/out")
    expected = example(range(PATHS), HORIZON).log_returns.ravel()
    assert np.array_equal(frame.sort_values(["path", "step"])["log_return"], expected)
    assert not [name for name in names(memory) if "/." in name]


@pytest.mark.parametrize("scheme", ["file://", "local://"])
def test_address_of_this_machine_is_a_path(tmp_path: Path, scheme: str) -> None:
    write_scenarios(f"{scheme}{tmp_path}/x.npy", Sampler(HORIZON), REQUEST)
    write_scenarios(f"{scheme}{tmp_path}/out/", Sampler(HORIZON), REQUEST)
    assert np.load(tmp_path / "x.npy").shape == (PATHS, HORIZON)
    assert len(pd.read_parquet(tmp_path / "out")) == PATHS * HORIZON


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("nosuch://x.parquet", "an address that fsspec can open"),
        ("s3://bucket/x.parquet", "the package of this file system beside tsgan"),
        ("memory://x.xlsx", "ends in"),
    ],
)
def test_address_that_cannot_be_opened_is_refused(
    address: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(ConfigError, match=message):
        check_target(address)


def test_missing_fsspec_is_told_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(ConfigError, match=r"pip install 'tsgan\[remote\]'"):
        check_target("s3://bucket/x.parquet")
    check_target("x.parquet")


def test_failure_of_the_other_side_is_told(memory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise PermissionError("Access Denied")

    monkeypatch.setattr(type(memory), "mv", fail)
    with pytest.raises(DataError, match=r"cannot write memory://x\.csv: Access Denied; check"):
        write_scenarios("memory://x.csv", Sampler(HORIZON), REQUEST)
    assert names(memory) == []


@pytest.mark.parametrize(
    ("target", "partition", "message"),
    [
        ("x", None, r"ends in \.parquet, \.csv, \.npy, or in / for a folder"),
        ("", None, "ends in"),
        ("x.parquet", 5, "a folder without .parquet, .*write x/"),
        ("x.csv/", None, "a folder without .csv"),
        ("nowhere/x.csv", None, "expected a folder that exists, .*nowhere does not; create it"),
        ("nowhere/x/", None, "expected a folder that exists"),
        ("taken.csv", None, "this is a folder; choose another name"),
        ("file/", None, "expected a folder, found a file"),
        ("file", 7, "expected a folder, found a file"),
    ],
)
def test_target_is_checked_before_any_work(
    tmp_path: Path,
    target: str,
    partition: int | None,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("taken.csv").mkdir()
    Path("file").touch()
    with pytest.raises(ConfigError, match=message):
        check_target(target, partition=partition)
    source = Sampler(HORIZON)
    with pytest.raises(ConfigError, match=message):
        write_scenarios(target, source, WriteRequest(PATHS, HORIZON, partition=partition))
    assert source.sampled == [] and len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("target", ["x.npy", "x/"])
def test_wide_table_is_parquet_or_csv(target: str) -> None:
    with pytest.raises(ConfigError, match=r"ends in \.parquet or \.csv for a wide table"):
        check_target(target, shape="wide")


def test_folder_that_may_not_be_written_to_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(ConfigError, match="expected a folder that may be written to"):
        demand_folder(tmp_path / "x.csv")


def test_disk_without_room_is_told_before_any_work(tmp_path: Path) -> None:
    source = Sampler(HORIZON)
    for name in ("x.parquet", "out/"):
        with pytest.raises(ConfigError, match=r"expected room for about .* GB, the disk has"):
            write_scenarios(f"{tmp_path}/{name}", source, WriteRequest(10**9, 10**6))
    assert source.sampled == []


def test_sizes_are_told_in_a_fitting_unit() -> None:
    assert [size(n) for n in (3e5, 4.2e8, 3.44e9, 2.5e14)] == [
        *("0 MB", "420 MB", "3.4 GB", "250,000 GB")
    ]
