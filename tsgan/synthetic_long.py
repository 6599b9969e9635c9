"""A long table of synthetic paths, one row per step of a path (and asset), to one block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tsgan.data.columns import plain
from tsgan.data.tables import shortened, shown
from tsgan.errors import DataError
from tsgan.synthetic_blocks import Block
from tsgan.synthetic_tables import VALUES, IntArray, Roles, Source, codes, numbers

Labels = npt.NDArray[Any]


@dataclass(frozen=True)
class Places:
    """Where each row of a long table belongs: (rows,) indices, and the labels behind them."""

    path: IntArray
    step: IntArray
    asset: IntArray
    paths: Labels
    steps: Labels
    assets: Labels
    timed: str

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of paths, steps and assets."""
        return len(self.paths), len(self.steps), len(self.assets)


def long_block(table: pa.Table, roles: Roles, source: Source) -> Block:
    """Put every row in its place: by path, step or date, and asset.

    Raises:
        DataError: no column of values, a step that is missing or there twice, unequal paths.
    """
    names = [str(name) for name in table.column_names]
    value = _value_column(table, names, roles, source)
    places = _places(table, names, roles, source)
    flat = _demand_full(places, source)
    values = np.empty(table.num_rows)
    values[flat] = numbers(table.column(value), names[value], source)
    _, steps, assets = places.shape
    notes: tuple[str, ...] = ()
    if roles.path is None and (np.diff(flat) < 0).any() and roles.asset is None:
        notes = (f"The rows are put in the order of column {shown(places.timed)}.",)
    return Block(
        values=values.reshape(places.shape),
        kind=VALUES.get(plain(names[value]), ""),
        subject=f"Column {shown(names[value])} holds",
        where=lambda path, step, asset: source.cell(
            int(np.flatnonzero(flat == (path * steps + step) * assets + asset)[0]), names[value]
        ),
        mend="call the column close if it holds prices",
        assets=() if roles.asset is None else tuple(str(name) for name in places.assets),
        notes=notes,
    )


def _value_column(table: pa.Table, names: Sequence[str], roles: Roles, source: Source) -> int:
    if roles.value is not None:
        return roles.value
    keys = {roles.path, roles.asset, *roles.times}
    free = [k for k in range(len(names)) if k not in keys and _is_number(table.column(k).type)]
    if len(free) != 1:
        raise DataError(
            f"{source.name}: expected a column log_return or close, found "
            f"{', '.join(map(shown, names[:12]))}{', …' if len(names) > 12 else ''}; rename the "
            "column of the values"
        )
    return free[0]


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _places(table: pa.Table, names: Sequence[str], roles: Roles, source: Source) -> Places:
    rows = table.num_rows

    def of(position: int | None) -> tuple[IntArray, Labels]:
        if position is None:
            return np.zeros(rows, dtype=np.int64), np.zeros(1, dtype=np.int64)
        return codes(table.column(position), names[position], source)

    path, paths = of(roles.path)
    asset, assets = of(roles.asset)
    told = [k for k in roles.times if table.column(k).null_count < rows]
    if told:
        timed = names[told[0]]
        step, steps = codes(table.column(told[0]), timed, source, dates=True)
        if plain(timed) == "step":
            _demand_consecutive(steps, source)
    else:
        timed = ""
        step = _positions(path, asset, len(assets))
        steps = np.arange(int(step.max()) + 1)
    return Places(path, step, asset, paths, steps, assets, timed)


def _demand_consecutive(steps: Labels, source: Source) -> None:
    """Refuse steps that are left out in every path; ``steps`` ascend."""
    if steps.dtype.kind not in "iuf":
        return
    gaps = np.flatnonzero(np.diff(steps) != 1)
    if gaps.size:
        before, after = steps[gaps[0]], steps[gaps[0] + 1]
        raise DataError(
            f"{source.name}: expected steps that count 1, 2, 3, …, found {after} after {before}; "
            "write the steps that are left out, or count anew"
        )


def _positions(path: IntArray, asset: IntArray, assets: int) -> IntArray:
    """Return how many rows of the same path and asset stand above each row."""
    _, group = np.unique(path * assets + asset, return_inverse=True)
    order = np.argsort(group, kind="stable")
    begins = np.flatnonzero(np.diff(group[order], prepend=-1))
    lengths = np.diff(begins, append=len(group))
    position = np.empty(len(group), dtype=np.int64)
    position[order] = np.arange(len(group)) - np.repeat(begins, lengths)
    return position


def _demand_full(places: Places, source: Source) -> IntArray:
    """Return the place of each row in the block, having made sure that each is taken once."""
    paths, steps, assets = places.shape
    rows = len(places.path)
    if paths * steps * assets > rows:
        raise DataError(f"{source.name}: {_unequal(places)}")
    flat = (places.path * steps + places.step) * assets + places.asset
    counts = np.bincount(flat, minlength=paths * steps * assets)
    if counts.max() > 1:
        one, two = np.flatnonzero(flat == int(np.argmax(counts > 1)))[:2] + source.first
        raise DataError(
            f"{source.name}, {source.unit} {two}: expected one value for each step of a path, "
            f"found another beside {source.unit} {one}; delete one of them"
        )
    return np.asarray(flat, dtype=np.int64)


def _unequal(places: Places) -> str:
    """Say why there are fewer rows than a full block has."""
    paths, steps, assets = places.shape
    for index, labels, what in (
        (places.path, places.paths, "path"),
        (places.asset, places.assets, "asset"),
    ):
        counts = np.bincount(index, minlength=len(labels))
        few, many = int(counts.argmin()), int(counts.argmax())
        if counts[few] < counts[many]:
            return (
                f"expected {what}s of one length, found {counts[few]:,} rows of {what} "
                f"{shortened(str(labels[few]))} beside {counts[many]:,} of {what} "
                f"{shortened(str(labels[many]))}; cut or complete them"
            )
    each = len(places.path) // paths // assets
    return (
        f"expected the same steps in every path and asset, found {steps:,} different ones of "
        f"{shown(places.timed)} for paths of {each:,}; add a column step that counts 1, 2, 3, … in "
        "each path"
    )
