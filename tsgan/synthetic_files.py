"""The only reader of synthetic paths: a file of any common shape in, checked log returns out."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from operator import or_
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv

from tsgan.data.dates import looks_like_date
from tsgan.data.decimals import has_decimals, looks_like_number
from tsgan.data.files import read_content
from tsgan.errors import DataError
from tsgan.spreadsheets import unshielded
from tsgan.synthetic_blocks import Block, understood
from tsgan.synthetic_long import long_block
from tsgan.synthetic_parquet import Origin, is_folder, kind_in, origin_in, read_origin, read_table
from tsgan.synthetic_tables import Source, roles_of, wide_block

FloatArray = npt.NDArray[np.float64]

__all__ = ["SyntheticPaths", "read_origin", "read_synthetic"]

_TEXT = (".csv", ".tsv", ".txt")
_PARQUET = (".parquet", ".pq")
_COMPRESSED = (".gz", ".bz2", ".xz", ".zip")
_FORMATS = ".parquet, .csv (also .tsv, .txt, or compressed as .csv.gz) or .npy"
_HEAD = 1 << 20
_LARGEST_BLOCK = (1 << 31) - 1


@dataclass(frozen=True, eq=False)
class SyntheticPaths:
    """Synthetic paths from a file.

    Attributes:
        log_returns: (paths, steps), or (paths, steps, assets) of several assets; float64, finite,
            at least 2 steps.
        assets: their names in the order of the last axis; () of one series without a name.
        origin: what the file's metadata say of the training, None where they say nothing.
        notes: how the file was understood, in plain sentences.
    """

    log_returns: FloatArray
    assets: tuple[str, ...]
    origin: Origin | None
    notes: tuple[str, ...]


def read_synthetic(path: str | Path) -> SyntheticPaths:
    """Read synthetic paths from .npy, Parquet (a file or a folder) or CSV (also compressed).

    An array holds log returns: (paths, steps), (steps,) of one path, (paths, steps, assets). A
    table is long if a column is called path, asset, log_return or close: a row is one step of one
    path. Otherwise it is wide: a row is one step, a column is one path, and dates or an index
    stand beside them. A first step without any value is left out, as differences leave one.

    Columns called log_return or close hold what they say. Values without such a name are log
    returns where both signs occur and the median |x| is at most 1; prices where all are above 0
    and the median is at least 0.5; anything else is refused.

    Raises:
        DataError: the file is missing, damaged, or holds something else; the message says where
            (lines count the header, blank lines are not counted), and the remedy.
    """
    path = Path(path)
    kind = _format(path)
    if kind == "array":
        return _paths(_array(path), path, None)
    table, source = _parquet(path) if kind == "parquet" else _text(path)
    try:
        roles = roles_of([str(name) for name in table.column_names], source)
        if not table.num_rows:
            raise DataError(f"{path}: expected rows of numbers, found none; write the file again")
        block = (long_block if roles.long else wide_block)(table, roles, source)
    except (pa.ArrowException, TypeError, ValueError, OverflowError, MemoryError) as error:
        raise _unreadable(path, "a table of synthetic paths", error) from error
    metadata = table.schema.metadata or {}
    if kind == "text":
        block = replace(block, assets=tuple(map(unshielded, block.assets)))
    if not roles.long:
        block = replace(block, kind=kind_in(metadata))
    return _paths(block, path, origin_in(metadata))


def _format(path: Path) -> str:
    """Return ``"array"``, ``"parquet"`` or ``"text"``, having made sure that there is a file."""
    try:
        if is_folder(path):
            return "parquet"
        if path.is_dir():
            raise DataError(
                f"{path}: expected a file of synthetic paths, found a directory; if it is a model, "
                "run tsgan generate first and name the file that it writes"
            )
        if not path.is_file():
            raise DataError(
                f"{path}: expected a file of synthetic paths, found no such file; check the path "
                "or run tsgan generate"
            )
        size = path.stat().st_size
    except (OSError, ValueError) as error:
        raise _unreadable(path, "a file of synthetic paths", error) from error
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packed = bool(suffixes) and suffixes[-1] in _COMPRESSED
    suffix = next(iter(suffixes[-2:-1] if packed else suffixes[-1:]), "")
    if suffix in _TEXT:
        kind = "text"
    elif suffix in (".npy", *_PARQUET) and not packed:
        kind = "array" if suffix == ".npy" else "parquet"
    else:
        raise DataError(
            f"{path}: expected a name that ends in {_FORMATS}, found {path.suffix or 'none'!r}; "
            f"{'save one array with np.save' if suffix == '.npz' else 'write it as one of these'}"
        )
    if not size:
        raise DataError(f"{path}: expected synthetic paths, found an empty file; write it again")
    return kind


def _unreadable(path: Path, what: str, error: BaseException) -> DataError:
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    return DataError(
        f"{path}: expected {what}, found one that cannot be read ({reason}); write it again"
    )


def _array(path: Path) -> Block:
    """Map an .npy of log returns into memory; no archive, no pickle."""
    try:
        with path.open("rb") as file:
            magic = file.read(4)
        if magic[:2] == b"PK" or magic[:1] == b"\x80":
            found = "an archive (.npz)" if magic[:2] == b"PK" else "a pickle"
            raise DataError(
                f"{path}: expected one NumPy array, found {found}; save the array with np.save"
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            array = np.lib.format.open_memmap(path, mode="r")
    except DataError:
        raise
    except Exception as error:  # a damaged header is evaluated by NumPy and fails in many ways
        raise _unreadable(path, "an .npy array of log returns", error) from error
    if array.dtype.kind != "f" or not 1 <= array.ndim <= 3 or array.size == 0:
        raise DataError(
            f"{path}: expected floating-point log returns of shape (paths, steps) or "
            f"(paths, steps, assets), found {array.dtype} of shape {array.shape}; save such an "
            "array with np.save"
        )
    with np.errstate(over="ignore"):  # what leaves the range is refused as infinite
        values = np.ascontiguousarray(np.asarray(array), dtype=np.float64)
    shape = values.shape
    several = len(shape) == 3 and shape[2] > 1
    cube = values.reshape((1, *shape, 1) if len(shape) == 1 else (*shape, 1)[:3])
    return Block(
        values=cube,
        kind="log returns",
        subject="The array holds",
        where=lambda *place: f"{path}, index {_index(place, len(shape))}",
        mend=f"save np.diff(np.log(prices), axis={min(len(shape) - 1, 1)}) if they are",
        assets=(),
        notes=("The array does not name its assets: they are taken in order.",) if several else (),
    )


def _index(place: tuple[int, ...], dimensions: int) -> tuple[int, ...]:
    return place[1:2] if dimensions == 1 else place[:dimensions]


def _parquet(path: Path) -> tuple[pa.Table, Source]:
    """Read a Parquet file, or a folder of them."""
    try:
        return read_table(path), Source(str(path), "row", 1)
    except DataError:
        raise
    except Exception as error:  # damaged bytes make the decoders fail in many ways
        raise _unreadable(path, "whole Parquet files", error) from error


def _text(path: Path) -> tuple[pa.Table, Source]:
    """Read delimited text in one piece, so that every row takes part in finding the types."""
    try:
        if path.suffix.lower() in _COMPRESSED:
            data = pa.py_buffer(read_content(path).data)
        else:
            data = pa.memory_map(str(path)).read_buffer()
        head = data.slice(0, min(_HEAD, data.size)).to_pybytes().removeprefix(b"\xef\xbb\xbf")
        line = next(iter(head.lstrip(b"\r\n").splitlines()), b"").decode("utf-8", "replace")
        delimiter = max((",", ";", "\t"), key=line.count)
        headless = _is_data([field.strip(' "') for field in line.split(delimiter)])
        table = pa.csv.read_csv(
            pa.BufferReader(data),
            read_options=pa.csv.ReadOptions(
                use_threads=False,  # then messages know the row
                block_size=max(min(data.size, _LARGEST_BLOCK), 1),
                autogenerate_column_names=headless,
            ),
            parse_options=pa.csv.ParseOptions(delimiter=delimiter),
        )
        if headless:
            table = table.rename_columns([str(k + 1) for k in range(table.num_columns)])
        table.schema.names  # noqa: B018  (decodes them)
    except DataError:
        raise
    except Exception as error:  # as above
        raise _unreadable(path, "a table with a header and rows of one length", error) from error
    return table, Source(str(path), "line", 1 if headless else 2)


def _is_data(fields: list[str]) -> bool:
    """Return whether a first line is no header: numbers and dates, but not the names 0, 1, 2, …"""
    dates = [looks_like_date(field) for field in fields]
    if not all(map(or_, dates, map(looks_like_number, fields))):
        return False
    if any(has_decimals(field) or "e" in field.lower() for field in fields):
        return True
    whole = [int(field) if field.isdecimal() else -1 for field in fields]
    if len(whole) == 1:
        return whole[0] not in (0, 1)
    return any(two <= one for one, two in zip([-1, *whole], whole, strict=False))


def _paths(block: Block, path: Path, origin: Origin | None) -> SyntheticPaths:
    values, notes = understood(block, str(path))
    shaped = values[:, :, 0] if values.shape[2] == 1 else values
    return SyntheticPaths(np.ascontiguousarray(shaped), block.assets, origin, notes)
