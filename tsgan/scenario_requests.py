"""What is asked of a writer of scenarios: how many, in which shape, and of which origin."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tsgan.errors import ConfigError
from tsgan.requirements import require_choice, require_int

Fact = str | int | float | bool | None

MAXIMAL_COLUMNS = 10_000
"""Most columns of a wide table, which readers open one by one."""

ROWS_AT_ONCE = 1 << 20
"""Rows that are put together, encoded and written in one piece: a Parquet row group."""

ROWS_OF_A_FILE = 1 << 23
"""Rows of a file of a folder, about 110 MB, where nothing else is asked for."""

MAXIMAL_FILES = 1_000_000
"""Most files of a folder."""

KEPT_RETURNS = 1 << 22
"""Larger requests keep what they have sampled until they are done, so that they can go on."""

IN_MEMORY = 1 << 25
"""Most numbers of a wide table that are gathered in memory; more lie in a temporary file."""

MAXIMAL_PATHS = 10**9

KEYS_BYTES = {".parquet": 0.3, ".csv": 34.0}
NUMBER_BYTES = {".parquet": 7.5, ".csv": 21.0, ".npy": 8.0}
"""Rough bytes of a row's path, step and date, and of each number beside them."""


@dataclass(frozen=True)
class WriteRequest:
    """A request to write scenarios.

    Attributes:
        paths, horizon: how many paths, of how many steps each.
        assets: of each path; bars: columns of bars beside the close (0; 3, or 4 with volumes).
        shape: ``"long"``, a row per path, step and asset; ``"wide"``, a row per step and a column
            per path and asset.
        values: what a wide table holds: ``"close"`` or ``"log_return"``.
        partition: paths of each file of a folder; None lets the writer choose.
        resume: go on with what an interrupted writing of the same request has left.
        first: number of the first of the paths; of a file only, a folder has all.
        origin: what the paths were learned from; Parquet keeps it in its metadata, where
            :func:`tsgan.synthetic_files.read_synthetic` finds it.
        identity: what else decides the numbers, such as the model's hash and the seed; leftovers
            of another identity are refused.

    Raises:
        ConfigError: for a setting out of its range, or two that contradict each other.
    """

    paths: int
    horizon: int
    assets: int = 1
    bars: int = 0
    shape: Literal["long", "wide"] = "long"
    values: Literal["close", "log_return"] = "close"
    partition: int | None = None
    resume: bool = False
    first: int = 0
    origin: Mapping[str, str | int] | None = None
    identity: Mapping[str, Fact] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_int("paths", self.paths, 1, MAXIMAL_PATHS)
        require_int("horizon", self.horizon, 1, 2**31 - 1)
        require_int("first", self.first, 0, MAXIMAL_PATHS)
        require_int("assets", self.assets, 1, 2**31 - 1)
        require_choice("shape", self.shape, ("long", "wide"))
        require_choice("values", self.values, ("close", "log_return"))
        if self.partition is not None:
            least = -(-self.paths // MAXIMAL_FILES)
            require_int("partition", self.partition, least, MAXIMAL_PATHS)
        if self.first and (self.resume or self.partition is not None):
            raise ConfigError(
                "only: expected one file that is written at once for a part of the paths, got "
                "a folder or one to go on with; leave out --partition and --resume"
            )
        if self.shape == "wide":
            self._demand_narrow()

    def _demand_narrow(self) -> None:
        if self.partition is not None:
            raise ConfigError(
                "shape: expected 'long' in a folder of files, got 'wide'; leave the shape out, or "
                "name one file"
            )
        columns = self.paths * self.assets
        if columns > MAXIMAL_COLUMNS:
            each = "path" if self.assets == 1 else f"path and asset, {self.assets} of each path"
            raise ConfigError(
                f"shape: expected at most {MAXIMAL_COLUMNS:,} columns of a wide table, one for "
                f"each {each}, got {columns:,}; leave the shape out, or ask for fewer paths"
            )

    @property
    def wanted(self) -> range:
        """Numbers of the paths."""
        return range(self.first, self.first + self.paths)

    @property
    def path_rows(self) -> int:
        """Rows of one path in a long table."""
        return self.horizon * self.assets

    @property
    def piece_paths(self) -> int:
        """Paths that are written at a time."""
        return max(1, ROWS_AT_ONCE // self.path_rows)

    @property
    def file_paths(self) -> int:
        """Paths of each file of a folder."""
        if self.partition is not None:
            return self.partition
        most = max(1, ROWS_OF_A_FILE // self.path_rows, 5 * self.paths // MAXIMAL_FILES)
        power = int(10 ** (len(str(most)) - 1))
        return max(step * power for step in (1, 2, 5) if step * power <= most)

    @property
    def columns(self) -> int:
        """Numbers of each step of a path that all others follow from."""
        return self.assets + self.bars

    @property
    def kept(self) -> bool:
        """Whether sampled paths are kept beside a file that is being written."""
        return self.resume or (self.paths * self.path_rows >= KEPT_RETURNS and not self.first)

    def file_bytes(self, suffix: str) -> float:
        """Return the rough size of the file or files to be written."""
        numbers = self.paths * self.path_rows
        each = NUMBER_BYTES[suffix]
        if suffix == ".npy" or self.shape == "wide":
            return numbers * each
        return numbers * (KEYS_BYTES[suffix] + (2 + self.bars) * each)

    @property
    def scratch_bytes(self) -> float:
        """Bytes that lie beside a file while it is written: kept paths, a wide table's columns."""
        kept = 8.0 * self.paths * self.horizon * self.columns if self.kept else 0.0
        gathered = self.paths * self.path_rows
        return kept + (8.0 * gathered if self.shape == "wide" and gathered > IN_MEMORY else 0.0)

    def record(self) -> dict[str, Any]:
        """Return what must be the same for a writing to go on, fit for JSON."""
        names = ("paths", "first", "horizon", "assets", "bars", "shape", "values")
        return {name: getattr(self, name) for name in names} | dict(self.identity)


def demand_same(recorded: Mapping[str, Any], asked: Mapping[str, Any], where: str) -> None:
    """Raise ConfigError unless leftovers belong to the request; ``where`` they are begins it."""
    recorded, asked = json.loads(json.dumps([recorded, asked]))
    for name in (*asked, *recorded):
        if recorded.get(name) != asked.get(name):
            raise ConfigError(
                f"{where}: expected leftovers of this request, found those of another: its {name} "
                f"is {recorded.get(name)!r}, not {asked.get(name)!r}; repeat that request, delete "
                "them or choose another name"
            )
