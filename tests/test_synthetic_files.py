"""Files of synthetic paths: whatever bytes they hold, they end in data or in a DataError."""

from __future__ import annotations

import gzip
import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from tsgan.calendars import BUSINESS_DAYS, Calendar
from tsgan.errors import DataError
from tsgan.scenario_files import write_scenarios
from tsgan.scenario_requests import WriteRequest
from tsgan.scenarios import Scenarios
from tsgan.synthetic_files import read_synthetic

PATHS, HORIZON = 3, 8
RETURNS = np.random.default_rng(0).normal(0, 0.01, (PATHS, HORIZON))
SUFFIXES = [".parquet", ".csv", ".npy"]


def generated(path: Path, last: str | None = "2021-12-31") -> Path:
    dates = Calendar(last, BUSINESS_DAYS).after(HORIZON)
    whole = Scenarios(RETURNS, 99.9, dates, np.arange(PATHS))
    origin = {"source": "prices.csv", "training": 4024}
    write_scenarios(path, [whole], WriteRequest(PATHS, HORIZON, origin=origin))
    return path


def saved(path: Path, array: np.ndarray) -> Path:
    np.save(path, array)
    return path


@pytest.mark.parametrize("last", ["2021-12-31", None])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_file_of_generate(tmp_path: Path, suffix: str, last: str | None) -> None:
    found = read_synthetic(str(generated(tmp_path / f"x{suffix}", last)))
    np.testing.assert_array_equal(found.log_returns, RETURNS)
    assert found.log_returns.dtype == np.float64 and found.assets == ()
    subject = "The array holds" if suffix == ".npy" else "Column 'log_return' holds"
    assert found.notes == (f"{subject} log returns.", "Read 3 paths of 8 steps.")
    expected = {"source": "prices.csv", "training": 4024} if suffix == ".parquet" else None
    assert found.origin == expected


@pytest.mark.parametrize("kind", ["f2", "f4", "f8", ">f8", "g"])
def test_arrays_of_any_float(tmp_path: Path, kind: str) -> None:
    array = RETURNS.astype(kind)
    found = read_synthetic(saved(tmp_path / "x.npy", array)).log_returns
    assert found.dtype == np.float64 and found.dtype.isnative
    np.testing.assert_array_equal(found, array.astype(np.float64))
    turned = read_synthetic(saved(tmp_path / "y.npy", np.asfortranarray(array))).log_returns
    np.testing.assert_array_equal(turned, found)
    assert turned.flags.c_contiguous


def test_array_of_float64_stays_on_disk(tmp_path: Path) -> None:
    found: Any = read_synthetic(saved(tmp_path / "x.npy", RETURNS)).log_returns
    while found.base is not None and not isinstance(found, np.memmap):
        found = found.base
    assert isinstance(found, np.memmap) and found.mode == "r"


def test_arrays_of_one_path_and_of_several_assets(tmp_path: Path) -> None:
    one = read_synthetic(saved(tmp_path / "x.npy", RETURNS[0]))
    np.testing.assert_array_equal(one.log_returns, RETURNS[:1])
    assert one.notes[1] == "Read 1 path of 8 steps."
    cube = np.stack([RETURNS, 2 * RETURNS], axis=2)
    several = read_synthetic(saved(tmp_path / "x.npy", cube))
    np.testing.assert_array_equal(several.log_returns, cube)
    assert several.assets == ()
    assert "The array does not name its assets: they are taken in order." in several.notes
    single = read_synthetic(saved(tmp_path / "x.npy", cube[:, :, :1]))
    np.testing.assert_array_equal(single.log_returns, RETURNS)
    assert single.assets == ()


def claim_more_than_there_is(path: Path) -> None:
    header = {"descr": "<f8", "fortran_order": False, "shape": (10**9, 10**6)}
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)


def pack(path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, a=RETURNS)


def with_gap(place: tuple[int, ...]) -> np.ndarray:
    array = np.stack([RETURNS, RETURNS], axis=2)
    array[place] = np.nan
    return array


ARRAYS: dict[str, tuple[Callable[[Path], object], str]] = {
    "archive": (pack, r"found an archive \(\.npz\); save the array with np\.save"),
    "pickle": (lambda p: p.write_bytes(pickle.dumps(RETURNS)), "found a pickle"),
    "objects": (lambda p: saved(p, np.array([{}, None])), "cannot be read .*Python objects"),
    "whole numbers": (lambda p: saved(p, np.ones((2, 5), dtype=int)), r"int64 of shape \(2, 5\)"),
    "complex": (lambda p: saved(p, RETURNS * 1j), "found complex128"),
    "records": (lambda p: saved(p, np.zeros(4, dtype="f8,f8")), "floating-point log returns"),
    "one number": (lambda p: saved(p, np.array(1.0)), r"of shape \(\)"),
    "four axes": (lambda p: saved(p, np.ones((2, 2, 2, 2))), r"of shape \(2, 2, 2, 2\)"),
    "without paths": (lambda p: saved(p, np.zeros((0, 5))), "expected"),
    "one step": (lambda p: saved(p, RETURNS[:, :1]), "2 or more steps, found 1"),
    "too large": (claim_more_than_there_is, "cannot be read"),
    "prices": (
        lambda p: saved(p, 100 * np.exp(RETURNS)),
        r"like prices; save np\.diff\(np\.log\(prices\), axis=1\)",
    ),
    "gap": (lambda p: saved(p, with_gap((1, 6, 0))), r"x\.npy, index \(1, 6, 0\): .* NaN \(1 in"),
    "gap in one path": (lambda p: saved(p, with_gap((1, 6))[1, :, 0]), r"index \(6,\): .* NaN"),
    "out of range": (
        lambda p: saved(p, np.array([0.1, -0.1], dtype="g") * np.longdouble(10) ** 400),
        "found inf",
    ),
}


def refusal(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_synthetic(path)
    message = str(caught.value)
    assert message.startswith(str(path)) or message.startswith(path.name)
    assert "expected" in message and "; " in message
    assert "\n" not in message and len(message) < 600
    return message


@pytest.mark.parametrize("kind", ARRAYS)
def test_other_arrays_are_refused(tmp_path: Path, kind: str) -> None:
    make, expected = ARRAYS[kind]
    make(tmp_path / "x.npy")
    with pytest.raises(DataError, match=expected):
        raise DataError(refusal(tmp_path / "x.npy"))


def halve(path: Path) -> None:
    whole = generated(path).read_bytes()
    path.write_bytes(whole[: len(whole) // 2 - 3])


FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: None, "found no such file; check the path or run tsgan generate"),
    "folder": (lambda path: path.mkdir(), "found a directory; if it is a model, run tsgan gener"),
    "empty": (lambda path: path.touch(), "found an empty file"),
    "blank": (lambda path: path.write_bytes(b"\n \n\n"), "expected"),
    "garbage": (lambda path: path.write_bytes(b"\x00\xffgarbage\n\x00" * 40), "expected"),
    "truncated": (halve, "expected"),
    "page": (lambda path: path.write_text("<html><p>1, 2</p>\n<p>no</p></html>"), "expected"),
}


@pytest.mark.parametrize("suffix", [*SUFFIXES, ".csv.xz", ".pq", ".TXT"])
@pytest.mark.parametrize("kind", FILES)
def test_damaged_files_are_refused(tmp_path: Path, kind: str, suffix: str) -> None:
    make, expected = FILES[kind]
    path = tmp_path / f"x{suffix}"
    make(path) if kind != "truncated" or suffix in SUFFIXES else path.write_bytes(b"\xfd7zXZ\x00")
    assert expected in refusal(path)


@pytest.mark.parametrize("name", ["x", "x.xlsx", "x.npz", "x.gz", "x.npy.gz", "x.parquet.zip"])
def test_unknown_format_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("a\n1\n2\n")
    assert "expected a name that ends in .parquet, .csv" in refusal(tmp_path / name)


def test_compressed_text(tmp_path: Path) -> None:
    text = generated(tmp_path / "x.csv").read_bytes()
    (tmp_path / "x.csv.gz").write_bytes(gzip.compress(text))
    with zipfile.ZipFile(tmp_path / "x.csv.zip", "w") as archive:
        archive.writestr("x.csv", text)
    for name in ("x.csv.gz", "x.csv.zip"):
        np.testing.assert_array_equal(read_synthetic(tmp_path / name).log_returns, RETURNS)
    (tmp_path / "x.csv.gz").write_bytes(gzip.compress(text)[:-20])
    assert "damaged or truncated" in refusal(tmp_path / "x.csv.gz")


def test_ragged_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n0.1,-0.1\n-0.1\n0.2,0.1\n")
    assert "Row #3: Expected 2 columns, got 1" in refusal(tmp_path / "x.csv")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"no JSON",
        b"[1, 2]",
        b"7",
        b'{"source": 1.5}',
        b'{"source": true}',
        b'{"source": {"deep": 1}}',
        b"\xff\xfe",
        b"[" * 100_000,
        b"[" * 30_000,
        b'{"training": ' + b"9" * 10_000 + b"}",
        b'{"source": "' + b"x" * 100_000 + b'"}',
    ],
)
def test_hostile_origin_is_none(tmp_path: Path, text: bytes) -> None:
    table = pa.table({"path": [0, 0], "step": [1, 2], "log_return": [0.1, -0.1]})
    pa.parquet.write_table(table.replace_schema_metadata({b"tsgan": text}), tmp_path / "x.parquet")
    assert read_synthetic(tmp_path / "x.parquet").origin is None


def test_origin_may_hold_any_text(tmp_path: Path) -> None:
    table = pa.table({"x": [0.1, -0.1, 0.2]})
    origin = {"source": "Kurse äöü 株.csv", "training": 7}
    described = table.replace_schema_metadata({b"tsgan": json.dumps(origin), b"other": b"\xff"})
    pa.parquet.write_table(described, tmp_path / "x.parquet")
    assert read_synthetic(tmp_path / "x.parquet").origin == origin


def test_folder_named_like_a_partition_adds_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "path=3"
    folder.mkdir()
    found = read_synthetic(generated(folder / "x.parquet"))
    np.testing.assert_array_equal(found.log_returns, RETURNS)


def mutated(whole: bytes, generator: np.random.Generator) -> bytes:
    """Change, cut out, repeat or insert a few bytes."""
    data = bytearray(whole)
    for _ in range(generator.integers(1, 4)):
        place, length = generator.integers(len(data) or 1), generator.integers(1, 9)
        action = generator.integers(4)
        if action == 0 and data:
            data[place] = generator.integers(256)
        elif action == 1:
            del data[place : place + length]
        elif action == 2:
            data[place:place] = data[place : place + 5 * length]
        else:
            data[place:place] = bytes(generator.choice(list(b'0,;\n"-.eE9\x00\xff\t a'), length))
    return bytes(data)


def samples(folder: Path) -> list[Path]:
    frame = pd.DataFrame(RETURNS.T, index=pd.bdate_range("2020-01-01", periods=HORIZON))
    frame.to_csv(folder / "wide.csv")
    frame.rename(columns=str).to_parquet(folder / "wide.parquet")
    (100 * np.exp(frame.cumsum())).to_csv(folder / "prices.txt", sep=";", header=False)
    return [
        *(generated(folder / f"long{suffix}") for suffix in SUFFIXES),
        *(folder / name for name in ("wide.csv", "wide.parquet", "prices.txt")),
    ]


def test_mutated_files_end_in_data_or_a_data_error(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    ends = {"data": 0, "refused": 0}
    for sample in samples(tmp_path):
        whole = sample.read_bytes()
        for _ in range(500):
            path = sample.with_stem("mutated")
            path.unlink(missing_ok=True)
            path.write_bytes(mutated(whole, generator))
            try:
                found = read_synthetic(path)
            except DataError as error:
                assert "\n" not in str(error) and "expected" in str(error)
                ends["refused"] += 1
            else:
                assert np.isfinite(found.log_returns).all() and found.log_returns.shape[1] >= 2
                ends["data"] += 1
    assert min(ends.values()) > 300
