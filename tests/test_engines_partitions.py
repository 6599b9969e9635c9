"""A folder by many workers is that by one, byte for byte, whatever happens to the workers."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
from engine_example import Inline, KilledOnce, inline
from scenario_example import Sampler

from tsgan import TimeSeriesGAN
from tsgan.checkpoint import WEIGHTS
from tsgan.errors import ConfigError, DataError
from tsgan.local_engine import LocalWorkers
from tsgan.many_folders import FolderFound, FolderTask, seed_of, write_folders
from tsgan.partitions import BlockWork, write_partitions
from tsgan.scenario_files import Written, write_scenarios
from tsgan.scenario_folders import COMPLETE, STARTED
from tsgan.scenario_requests import WriteRequest
from tsgan.synthetic_files import read_synthetic

pytestmark = pytest.mark.usefixtures("elsewhere")

HORIZON = 6
REQUEST = WriteRequest(23, HORIZON, partition=5, identity={"seed": 3})
ASKED = ("--paths", 23, "--horizon", 30, "--partition", 5, "--seed", 4)


def by_many(folder: str, request: WriteRequest = REQUEST, **source: object) -> int:
    told: list[int] = []
    sampler = Sampler(HORIZON, **source)
    written = write_partitions(folder, sampler, request, Inline(), told.append)
    assert written.paths == sum(told) == request.paths
    return written.reused


@pytest.fixture
def by_one() -> dict[str, bytes]:
    """The folder that one process writes."""
    write_scenarios("one/", Sampler(HORIZON), REQUEST)
    return tiny.contents(Path("one"))


@pytest.fixture
def inline_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tsgan.engines.opened", inline)


@pytest.mark.parametrize("group", [1, 3, 23])
def test_files_are_those_of_one_process(by_one: dict[str, bytes], group: int) -> None:
    assert by_many("many/", group=group) == 0
    assert tiny.contents(Path("many")) == by_one


def test_what_is_there_is_checked_and_kept(by_one: dict[str, bytes]) -> None:
    by_many("many/")
    folder, names = Path("many"), sorted(name for name in by_one if name[0] == "p")
    (folder / names[0]).unlink()
    (folder / names[1]).write_bytes(by_one[names[1]][:-20])
    (folder / names[2]).write_bytes(by_one[names[2]].replace(b'"seed": 3', b'"seed": 4'))
    (folder / ".tsgan-0123abcd-paths-000000000-000000004.parquet").touch()
    before = {name: (folder / name).stat().st_mtime_ns for name in names[3:]}
    with pytest.raises(ConfigError, match="add --resume"):
        by_many("many/")
    assert by_many("many/", replace(REQUEST, resume=True)) == 8
    assert tiny.contents(folder) == by_one
    assert {name: (folder / name).stat().st_mtime_ns for name in names[3:]} == before
    assert by_many("many/", replace(REQUEST, resume=True)) == 23


def test_a_file_that_another_worker_has_written_is_kept(by_one: dict[str, bytes]) -> None:
    work = BlockWork("many/", Sampler(HORIZON), REQUEST)
    Path("many").mkdir()
    (Path("many") / STARTED).write_bytes(by_one[STARTED])
    assert [work(range(5, 10)), work(range(5, 10)), work(range(20, 23))] == [False, True, False]
    made = tiny.contents(Path("many"))
    assert made == {name: by_one[name] for name in made} and len(made) == 3


def test_a_folder_that_a_worker_does_not_see_is_said() -> None:
    Path("many").mkdir()
    with pytest.raises(DataError, match="expected a folder that every worker sees, the one on "):
        BlockWork("many/", Sampler(HORIZON), REQUEST)(range(5))
    assert list(Path("many").iterdir()) == []


def test_files_that_appear_elsewhere_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tsgan.partitions.write_block", lambda *_: False)
    with pytest.raises(DataError, match="every worker sees, 5 files that were written are not"):
        by_many("many/")
    assert {file.name for file in Path("many").iterdir()} == {STARTED}


@pytest.mark.parametrize("error", [KeyboardInterrupt(), DataError("cannot write: disk full")])
def test_a_failure_keeps_what_is_whole(by_one: dict[str, bytes], error: BaseException) -> None:
    class Failing(Inline):
        def outcomes(self, work: Any, tasks: Any) -> Any:
            yield from super().outcomes(work, tasks[:2])
            raise error

    with pytest.raises(type(error)) as caught:
        write_partitions("many/", Sampler(HORIZON), REQUEST, Failing())
    assert caught.value.__notes__ == ["its complete files are kept in many/; add --resume to go on"]
    assert by_many("many/", replace(REQUEST, resume=True)) == 10
    assert tiny.contents(Path("many")) == by_one


def test_the_error_of_a_file_ends_the_writing() -> None:
    with pytest.raises(ConfigError, match=r"expected .steps, assets") as caught:
        by_many("many/", assets=2)  # not what is asked for
    assert "add --resume" in caught.value.__notes__[0]
    assert {file.name for file in Path("many").iterdir()} == {STARTED}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGKILL")
def test_a_killed_worker_changes_no_byte(
    fitted: TimeSeriesGAN, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of a file; the paths continue a history, with a drift and under a condition."""
    monkeypatch.setattr("tsgan.scenario_requests.ROWS_AT_ONCE", 1)
    history = tiny.write_prices(Path("history.csv"), seed=8)
    production = fitted.production(23, 700, seed=5, history=history, drift=0.1)
    request = WriteRequest(23, 700, partition=5)
    write_scenarios("one/", production.groups, request)
    source = KilledOnce(production.groups, 10, Path("killed").absolute())
    done = write_partitions("many/", source, request, LocalWorkers(2))
    assert Path("killed").exists() and done == Written(23, 0, lost=1)
    assert tiny.contents(Path("many")) == tiny.contents(Path("one"))


def test_command_writes_the_folder_of_one_process(model_directory: Path) -> None:
    one = tiny.command("generate", model_directory, *ASKED, "--out", "one")
    asked = (*ASKED, "--engine", "local", "--workers", 1, "--out", "many")
    many = tiny.command("generate", model_directory, *asked)
    assert (one.exit_code, many.exit_code, many.stderr) == (0, 0, ""), many.output
    assert "Writing 5 files of 5 paths to many/, a file at a time by each of 1 proc" in many.stdout
    assert "Wrote 23 paths of 30 steps to many/ (seed 4).\nNext:" in many.stdout
    assert tiny.contents(Path("many")) == tiny.contents(Path("one"))


@pytest.mark.parametrize(
    ("lost", "told"), [(0, ""), (1, "1 of the"), (2, "2 of the processes were")]
)
def test_command_tells_of_lost_workers(
    model_directory: Path, monkeypatch: pytest.MonkeyPatch, lost: int, told: str
) -> None:
    monkeypatch.setattr("tsgan.partitions.write_partitions", lambda *_: Written(23, 0, lost=lost))
    result = tiny.command("generate", model_directory, *ASKED, "--engine", "local")
    assert result.exit_code == 0 and ("lost" in result.stdout) == bool(lost)
    assert told in result.stdout


@pytest.mark.usefixtures("inline_engine")
def test_command_goes_on_and_reads_back(model_directory: Path, fitted: TimeSeriesGAN) -> None:
    asked = ("generate", model_directory, *ASKED, "--engine", "local")
    assert tiny.command(*asked).exit_code == 0
    folder = Path("scenarios")
    (folder / "paths-000000005-000000009.parquet").unlink()
    (folder / COMPLETE).unlink()
    tiny.demand_refusal(tiny.command(*asked), "scenarios/", "--resume")
    result = tiny.command(*asked, "--resume")
    assert "to scenarios/ (seed 4), 18 of which were there." in result.stdout
    expected = fitted.sample(23, 30, seed=4).log_returns
    assert np.array_equal(read_synthetic(folder).log_returns, expected)
    few = tiny.command(*asked[:2], "--paths", 3, "--horizon", 9, *asked[-2:], "--out", "few")
    assert "1 of 2 have nothing to do; smaller files, --partition PATHS" in few.stdout


@pytest.fixture
def models(model_directory: Path) -> Path:
    """A folder of three models, one of which is damaged."""
    for name in ("AAA", "BBB", "CCC"):
        shutil.copytree(model_directory, Path("models") / name)
    (Path("models/BBB") / WEIGHTS).write_bytes(b"none")
    (Path("models") / "results.csv").touch()
    return Path("models")


FOLDERS = ("--paths", 7, "--horizon", 9, "--partition", 3, "--engine", "local", "--out", "many")


@pytest.mark.usefixtures("inline_engine")
def test_each_of_many_models_has_a_folder(models: Path, fitted: TimeSeriesGAN) -> None:
    result = tiny.command("generate", models, *FOLDERS, "--seed", 2)
    assert result.exit_code == 1, result.output
    assert "Writing paths of 3 models to many/, a folder for each, a file at" in result.stdout
    lines = result.stderr.splitlines()
    assert sorted(line.split("  ")[1][:8] for line in lines[:3]) == [
        "many/AAA",
        "many/BBB",
        "many/CCC",
    ]
    assert sum("BBB: failed: models/BBB" in line for line in lines) == 1
    assert lines[3].startswith("tsgan: 1 of 3 failed")
    assert sorted(file.name for file in Path("many").iterdir()) == ["AAA", "CCC"]
    found = {}
    for name in ("AAA", "CCC"):
        folder = Path("many") / name
        found[name] = read_synthetic(folder).log_returns
        seed = json.loads((folder / COMPLETE).read_text())["request"]["seed"]
        asked = (*FOLDERS[:6], "--seed", seed, "--out", f"{name}-alone")
        assert tiny.command("generate", models / name, *asked).exit_code == 0
        assert tiny.contents(folder) == tiny.contents(Path(f"{name}-alone"))
        assert np.array_equal(found[name], fitted.sample(7, 9, seed=seed).log_returns)
    assert not np.array_equal(found["AAA"], found["CCC"]), "the same noise for all"


@pytest.mark.usefixtures("inline_engine")
def test_many_folders_go_on(models: Path, model_directory: Path) -> None:
    assert tiny.command("generate", models, *FOLDERS).exit_code == 1
    before = {file: file.read_bytes() for file in Path("many").glob("*/*")}
    next(Path("many").glob("AAA/paths-000000003*")).unlink()
    again = tiny.command("generate", models, *FOLDERS)
    assert again.exit_code == 1 and again.stderr.count("add --resume to go on") == 2
    shutil.rmtree(models / "BBB")
    shutil.copytree(model_directory, models / "BBB")
    result = tiny.command("generate", models, *FOLDERS, "--resume")
    assert result.exit_code == 0, result.output
    assert "many/AAA, 4 paths of which were there" in result.stderr
    assert "many/CCC, 7 paths of which were there" in result.stderr
    assert {file: file.read_bytes() for file in before} == before
    assert (Path("many/BBB") / COMPLETE).exists()


def test_models_are_read_as_workers_become_free() -> None:
    read: list[int] = []

    def tasks() -> Iterator[FolderTask]:
        for number in range(50):

            def asked(number: int = number) -> tuple[Sampler, WriteRequest]:
                read.append(number)
                return Sampler(HORIZON), REQUEST

            yield FolderTask(f"folder-{number}", asked)

    found = write_folders(tasks(), Inline())
    for number in range(4):
        assert next(found) == FolderFound(f"folder-{number}", 0, None)
        assert len(read) <= number + 2
    found.close()


def test_seeds_of_models_are_of_their_names_and_of_the_seed() -> None:
    names = [f"T{number}" for number in range(1000)]
    seeds = {seed_of(name, seed) for name in names for seed in (0, 1)}
    assert len(seeds) == 2000 and min(seeds) >= 0 and max(seeds) < 2**63
    assert seed_of("AAPL", 0) == 0x59F9DAED67C2B373  # of SHA-256, the same on all machines


@pytest.mark.parametrize(
    "arguments",
    [("--only", "0-4"), ("--for", "backtrader"), ("--shape", "wide"), ("--out", "x.parquet")],
)
def test_what_no_folder_can_have_is_refused(
    model_directory: Path, arguments: tuple[str, ...]
) -> None:
    asked = ("--paths", 9, "--horizon", 3, "--engine", "local", *arguments)
    result = tiny.command("generate", model_directory, *asked)
    tiny.demand_refusal(result, arguments[0] if "--out" not in arguments else "x.parquet")
    assert list(Path().iterdir()) == []
