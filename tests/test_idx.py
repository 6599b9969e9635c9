"""idx files: written here byte by byte, the real ones of MNIST (sums by awk), and spoilt ones."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsgan.data.idx import MOST_BYTES, parse_idx, read_idx
from tsgan.errors import DataError

SHARED = Path(__file__).parents[2] / "shared" / "data"


def shared(name: str) -> Path:
    if not (SHARED / name).exists():
        pytest.skip(f"../shared/data/{name} is not on this machine")
    return SHARED / name


def header(*lengths: int, kind: int = 8) -> bytes:
    return struct.pack(f">BBBB{len(lengths)}I", 0, 0, kind, len(lengths), *lengths)


SMALL = header(2, 3, 2) + bytes(range(12))
PACKED = gzip.compress(SMALL, mtime=0)


@pytest.mark.parametrize("content", [SMALL, PACKED], ids=["raw", "gzip"])
@pytest.mark.parametrize("name", ["images-idx3-ubyte", "images-idx3-ubyte.gz"])
def test_content_and_not_the_name_tells_gzip(tmp_path: Path, content: bytes, name: str) -> None:
    (tmp_path / name).write_bytes(content)
    values = read_idx(str(tmp_path / name))
    assert values.dtype == np.uint8 and values.shape == (2, 3, 2)
    assert values[1, 2].tolist() == [10, 11] and values[0, 1].tolist() == [2, 3]
    values[0, 0, 0] = 7  # torch warns of arrays that cannot be written to


@pytest.mark.parametrize("shape", [(5,), (5, 1), (1, 2, 3), (2, 1, 2, 3)])
def test_lengths_are_big_endian_and_of_up_to_four_axes(shape: tuple[int, ...]) -> None:
    content = header(*shape) + bytes(int(np.prod(shape)))
    assert parse_idx(content, "x").shape == shape
    assert parse_idx(header(300) + bytes(300), "x").shape == (300,)  # 00 00 01 2c


def test_gzip_of_several_members_is_one_file() -> None:
    parts = gzip.compress(SMALL[:9]) + gzip.compress(SMALL[9:])
    assert np.array_equal(parse_idx(parts, "x"), parse_idx(SMALL, "x"))


@pytest.mark.parametrize(
    ("name", "shape", "total", "first"),
    [
        ("t10k-images-idx3-ubyte.gz", (10_000, 28, 28), 264_923_200, 0),
        ("t10k-labels-idx1-ubyte.gz", (10_000,), 44_434, 7),
        ("train-labels-idx1-ubyte.gz", (60_000,), 267_236, 5),
    ],
)
def test_real_files(name: str, shape: tuple[int, ...], total: int, first: int) -> None:
    path = shared(f"mnist/{name}")
    values = read_idx(path)
    assert values.shape == shape and values.flat[0] == first
    assert int(values.sum(dtype=np.int64)) == total
    content = gzip.decompress(path.read_bytes())
    assert hashlib.sha256(values.tobytes()).digest() == (
        hashlib.sha256(content[4 + 4 * len(shape) :]).digest()
    )


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("html_page_saved_as_t10k-images-idx3-ubyte.gz", "found a web page"),
        ("truncated_t10k-images-idx3-ubyte.gz", "found a damaged or truncated one"),
    ],
)
def test_real_bad_files(name: str, said: str) -> None:
    with pytest.raises(DataError, match=f"^{name}: expected .*{said}.*download"):
        read_idx(shared(f"dirty/mnist/{name}"))


BAD: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "x: expected an idx file, found an empty one; download"),
    "empty in gzip": (gzip.compress(b""), "header: expected 00 00 08 .* found nothing"),
    "short header": (header(2, 3, 2)[:11], "expected the lengths of 3 axes in 12 bytes, found 7"),
    "magic alone": (b"\0\0\x08", "found the bytes 00 00 08"),
    "too few": (SMALL[:-1], r"12 bytes that the header announces \(2×3×2\), found 11"),
    "too few in gzip": (gzip.compress(SMALL[:-1]), "header announces .* found 11; .* truncated"),
    "too many": (SMALL + b"\n", "12 bytes that the header announces .* found more behind"),
    "too many in gzip": (gzip.compress(SMALL + b"\0"), "found more behind"),
    "cut gzip": (PACKED[:-5], "whole gzip file, found a damaged or truncated one"),
    "gzip with a wrong sum": (PACKED[:-8] + bytes(8), "CRC check failed"),
    "gzip with more behind": (PACKED + b"more", "found a damaged or truncated one"),
    "no values": (header(0, 28, 28), r"expected values, found none \(0×28×28\)"),
    "signed": (header(3, kind=9) + bytes(3), r"unsigned bytes \(type 8\), found int8"),
    "float": (header(3, kind=13) + bytes(12), r"unsigned bytes \(type 8\), found float32"),
    "unknown type": (header(3, kind=7) + bytes(3), "found the unknown type 7"),
    "no axes": (header() + b"\0", "number of axes .* found the bytes 00 00 08 00"),
    "many axes": (header(1, 1, 1, 1, 1) + b"\0", "number of axes .* found the bytes 00 00 08 05"),
    "little-endian": (struct.pack("<II", 0x803, 1), "found the bytes 03 08 00 00"),
    "absurd": (header(2**32 - 1, 28, 28) + bytes(784), "values at most, found 4,294,967,295×28×28"),
    "page": (b"\xef\xbb\xbf \n<!DOCTYPE html><html>", "found a web page"),
    "page in gzip": (gzip.compress(b"<html>" + 5000 * b" "), "found a web page"),
    "png": (b"\x89PNG\r\n\x1a\n", "found a PNG image: put"),
    "zip": (b"PK\x03\x04" + bytes(50), "found a zip archive: unpack"),
    "git": (b"version https://git-lfs.github.com/spec/v1", "pointer of Git LFS"),
    "twice": (gzip.compress(PACKED), "found gzip within gzip: unpack"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_content_is_named(tmp_path: Path, case: str) -> None:
    content, said = BAD[case]
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(DataError, match=said) as raised:
        read_idx(tmp_path / "x")
    assert str(raised.value).startswith(("x:", "x, header:"))


def test_bad_paths_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="found none; check the path"):
        read_idx(tmp_path / "none")
    with pytest.raises(DataError, match="found a directory; name a file"):
        read_idx(tmp_path)
    with pytest.raises(DataError, match="cannot be read"):
        read_idx("a\0b")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(DataError, match="found a device or pipe"):
            read_idx(tmp_path / "pipe")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read every file")
def test_unreadable_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(SMALL)
    (tmp_path / "x").chmod(0)
    with pytest.raises(DataError, match="permission is denied; change its rights"):
        read_idx(tmp_path / "x")


def test_denied_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(_path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "x").write_bytes(SMALL)
    monkeypatch.setattr(Path, "read_bytes", denied)
    with pytest.raises(DataError, match="permission is denied; change its rights"):
        read_idx(tmp_path / "x")


def test_huge_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("it is read"))
    with (tmp_path / "x").open("wb") as file:
        file.truncate(MOST_BYTES + 100)  # sparse
    with pytest.raises(DataError, match="expected 1,073,741,824 bytes at most, found"):
        read_idx(tmp_path / "x")


def bomb(claimed: int, sent: int) -> bytes:
    """Return a gzip file that claims so many values and sends so many zeros."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=9) as file:
        file.write(header(claimed))
        for _ in range(sent // 2**20):
            file.write(bytes(2**20))
    return packed.getvalue()


@pytest.mark.parametrize(
    ("claimed", "sent", "said"),
    [
        (MOST_BYTES, 0, "grows more than 200-fold"),  # a claim that nothing is behind
        (2**32 - 1, 0, "values at most"),
        (10, 200 * 2**20, "found more behind"),
        (80 * 2**20, 80 * 2**20, "grows more than 200-fold"),
    ],
)
def test_claims_and_bombs_take_no_memory(claimed: int, sent: int, said: str) -> None:
    content = bomb(claimed, sent)
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=said):
            parse_idx(content, "x")
        assert tracemalloc.get_traced_memory()[1] < 4 * 2**20
    finally:
        tracemalloc.stop()


def test_what_was_claimed_takes_memory_as_it_comes() -> None:
    content = header(MOST_BYTES) + bytes(2**20)
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=r"found 1,048,576; the file is truncated"):
            parse_idx(content, "x")
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()


def test_labels_of_one_class_are_no_bomb() -> None:
    """A million equal labels shrink a thousandfold."""
    content = gzip.compress(header(10**6) + bytes(10**6), 9)
    assert len(content) < 10**6 / 200
    assert parse_idx(content, "x").shape == (10**6,)


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """Return a good file of which bytes were changed, cut out, doubled or put in."""
    content = bytearray(draw(st.sampled_from([SMALL, PACKED, header(4) + b"\1\2\3\4"])))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(len(content) - 1, 0)))
        change = draw(st.sampled_from(["set", "cut", "drop", "double", "insert"]))
        if change == "set" and content:
            content[place] = draw(st.integers(0, 255))
        elif change == "cut":
            del content[place:]
        elif change == "drop":
            del content[place : place + draw(st.integers(1, 8))]
        elif change == "double":
            content += content[place:]
        else:
            content[place:place] = draw(st.binary(max_size=8))
    return bytes(content)


@settings(max_examples=1000, deadline=None)
@given(spoilt())
def test_spoilt_files_are_read_right_or_refused(content: bytes) -> None:
    try:
        values = parse_idx(content, "x")
    except DataError as error:
        assert str(error).startswith(("x:", "x, header:"))
        return
    plain = gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
    assert plain == header(*values.shape) + values.tobytes()


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=64))
def test_random_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(DataError):
        parse_idx(content, "x")
