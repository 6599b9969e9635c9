"""Tasks on processes of this machine: each is done, however often its process is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest
import tiny
from engine_example import BAD, BROKEN, CURSED, KILLED, SLOW, Work

from tsgan.engines import Engine, opened
from tsgan.errors import ConfigError, DataError, TsganError
from tsgan.local_engine import LocalWorkers
from tsgan.tasks import RETRIES

windows = pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no such signals")


def test_each_task_has_its_outcome(tmp_path: Path) -> None:
    found = list(LocalWorkers(2).outcomes(Work(tmp_path), [1, BAD, 2, BROKEN, 3]))
    by_task = {outcome.task: outcome for outcome in found}
    assert len(found) == 5 and set(by_task) == {1, 2, 3, BAD, BROKEN}
    made = [by_task[task].made for task in (1, 2, 3)]
    assert [square for square, _, _ in made] == [1, 4, 9]
    processes = {process for _, process, _ in made}
    assert os.getpid() not in processes and len(processes) <= 2
    assert {threads for _, _, threads in made} == {"1"}
    bad, broken = by_task[BAD].error, by_task[BROKEN].error
    assert type(bad) is DataError and str(bad).startswith("bad.csv, line 3: expected")
    assert type(broken) is TsganError
    assert str(broken).startswith("ZeroDivisionError: by nothing (engine_example.py:")


@windows
def test_a_lost_process_is_replaced_alone(tmp_path: Path) -> None:
    work = Work(tmp_path)
    found = list(LocalWorkers(2).outcomes(work, [KILLED, CURSED, 1, 2]))
    by_task = {outcome.task: outcome for outcome in found}
    assert by_task[KILLED].made[0] == KILLED**2
    assert (work.tries(KILLED), work.tries(CURSED)) == (2, RETRIES + 1)
    assert [(by_task[task].made[0], work.tries(task)) for task in (1, 2)] == [(1, 1), (4, 1)]
    assert by_task[CURSED].made is None
    assert "lost 3 of them" in str(by_task[CURSED].error)


@windows
def test_a_process_that_is_lost_between_two_tasks_is_replaced(tmp_path: Path) -> None:
    with closing(LocalWorkers(1).outcomes(Work(tmp_path), iter([1, 2]))) as found:
        first = next(found)
        assert first.made is not None
        os.kill(first.made[1], signal.SIGKILL)
        time.sleep(0.5)  # until its pool has noticed
        second = next(found)
    assert second.made is not None and second.made[0] == 4 and second.made[1] != first.made[1]


def test_a_task_that_cannot_travel_fails_alone(tmp_path: Path) -> None:
    tasks = [lambda: 1, 2]
    found = {type(one.task): one for one in LocalWorkers(1).outcomes(Work(tmp_path), tasks)}
    assert found[int].made is not None
    (other,) = (one for kind, one in found.items() if kind is not int)
    assert "that can travel" in str(other.error)


@windows
def test_no_more_tasks_are_taken_than_are_done(tmp_path: Path) -> None:
    taken = []

    def tasks() -> Iterator[int]:
        for number in count():
            taken.append(number)
            yield number

    with closing(LocalWorkers(2).outcomes(Work(tmp_path), tasks())) as found:
        for _ in range(5):
            next(found)
            assert len(taken) <= 5 + 2 * 2


@windows
def test_closing_stops_what_runs_and_waits_for_it(tmp_path: Path) -> None:
    with closing(LocalWorkers(2).outcomes(Work(tmp_path), [SLOW, 1])) as found:
        assert next(found).task == 1
        while not Work(tmp_path).tries(SLOW):
            time.sleep(0.01)
    assert (tmp_path / "saved").exists()
    assert Work(tmp_path).tries(SLOW) == 1


@windows
def test_workers_end_with_a_killed_first_process(tmp_path: Path) -> None:
    code = f"""
        from pathlib import Path
        from engine_example import SLOW, Work
        from tsgan.local_engine import LocalWorkers
        if __name__ == "__main__":
            list(LocalWorkers(1).outcomes(Work(Path({str(tmp_path)!r})), [SLOW]))
    """
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(code))
    tests = str(Path(__file__).parent)
    process = subprocess.Popen([sys.executable, script], env={**os.environ, "PYTHONPATH": tests})
    try:
        while not Work(tmp_path).tries(SLOW):
            assert process.poll() is None
            time.sleep(0.02)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    deadline = time.monotonic() + 60
    while not (tmp_path / "saved").exists():
        assert time.monotonic() < deadline, "the worker goes on for ever"
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "slurm"}, "engine: expected one of local, ray, got 'slurm'"),
        ({"workers": 0}, "workers: expected a whole number from 1"),
        ({"address": "auto"}, "address: expected --engine ray beside it, got local"),
    ],
)
def test_engines_that_cannot_be_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Engine(**settings)


def test_local_workers_are_as_many_as_asked_for() -> None:
    with opened(Engine(workers=3)) as workers:
        assert (workers.count, workers.described) == (3, "3 processes of this machine")
    with opened(Engine()) as workers:
        assert 1 <= workers.count <= (os.cpu_count() or 1)


def test_ray_is_asked_for_where_it_is_missing(
    model_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    asked = ("--paths", 2, "--horizon", 3, "--engine", "ray", "--out", tmp_path / "x")
    result = tiny.command("generate", model_directory, *asked)
    tiny.demand_refusal(result, "pip install 'tsgan[ray]'", "--engine local")


@pytest.mark.parametrize("arguments", [("--workers", 2), ("--address", "auto")])
def test_workers_without_an_engine_are_refused(
    model_directory: Path, tmp_path: Path, arguments: tuple[object, ...]
) -> None:
    asked = ("--paths", 2, "--horizon", 3, "--out", tmp_path / "x.parquet", *arguments)
    result = tiny.command("generate", model_directory, *asked)
    tiny.demand_refusal(result, str(arguments[0]), "--engine local")
