"""Tasks on a Ray cluster of two processors: each is done, however often its process is lost."""

from __future__ import annotations

import gc
import os
import socket
import time
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import tiny
from engine_example import BAD, BROKEN, CURSED, KILLED, SLOW, KilledOnce, Work
from scenario_example import Sampler

from tsgan import TimeSeriesGAN
from tsgan.checkpoint import WEIGHTS
from tsgan.engines import Engine, opened
from tsgan.errors import ConfigError, DataError, TsganError
from tsgan.partitions import write_partitions
from tsgan.scenario_files import write_scenarios
from tsgan.scenario_requests import WriteRequest
from tsgan.tasks import RETRIES, Workers

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of what Ray itself imports
    ray = pytest.importorskip("ray", reason="pip install 'tsgan[ray]'", exc_type=ImportError)

pytestmark = [
    pytest.mark.usefixtures("elsewhere"),
    pytest.mark.filterwarnings("ignore:.*accelerator:FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # Ray leaves its log files open
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """A cluster of two processors on this machine, whose workers can import the tests' helpers."""
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)
        begin()
        yield
        ray.shutdown()
        gc.collect()  # while warnings of what Ray leaves open are not heard


def begin() -> None:
    """Start Ray, which gives up after half a minute: on a busy machine, several times."""
    for left in reversed(range(5)):
        try:
            ray.init(
                address="local",
                num_cpus=2,
                include_dashboard=False,
                log_to_driver=False,
                logging_level="ERROR",
                object_store_memory=100 * 2**20,
            )
            return
        except Exception as error:
            ray.shutdown()
            gc.collect()
            if not left or "timed out" not in str(error):
                raise


@pytest.fixture
def workers(cluster: None) -> Iterator[Workers]:
    with opened(Engine("ray")) as found:
        yield found
    assert ray.is_initialized(), "who connected ends the connection"


def test_each_task_has_its_outcome(workers: Workers, tmp_path: Path) -> None:
    assert workers.count == 2
    assert workers.described == "a Ray cluster of 1 machine, 2 processors"
    work = Work(tmp_path)
    tasks = [1, BAD, 2, BROKEN, 3, KILLED, CURSED]
    found = list(workers.outcomes(work, tasks))
    by_task = {outcome.task: outcome for outcome in found}
    assert len(found) == len(tasks) == len(by_task)
    made = [by_task[task].made for task in (1, 2, 3, KILLED)]
    assert [square for square, _, _ in made] == [1, 4, 9, KILLED**2]
    assert {threads for _, _, threads in made} == {"1"}
    bad, broken = by_task[BAD].error, by_task[BROKEN].error
    assert type(bad) is DataError and str(bad).startswith("bad.csv, line 3: expected")
    assert type(broken) is TsganError and str(broken).startswith("ZeroDivisionError: by nothing")
    assert (work.tries(KILLED), work.tries(CURSED)) == (2, RETRIES + 1)
    assert "lost 3 of them" in str(by_task[CURSED].error)


def test_closing_stops_what_runs_and_waits_for_it(workers: Workers, tmp_path: Path) -> None:
    taken = []

    def tasks() -> Iterator[int]:
        for number in (SLOW, *range(100)):
            taken.append(number)
            yield number

    with closing(workers.outcomes(Work(tmp_path), tasks())) as found:
        for _ in range(5):
            assert next(found).made is not None
        while not Work(tmp_path).tries(SLOW):
            time.sleep(0.01)
    assert (tmp_path / "saved").exists()
    assert len(taken) <= 5 + 2 * 2, "no more tasks are taken than are done"


def test_a_killed_worker_changes_no_byte(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tsgan.scenario_requests.ROWS_AT_ONCE", 1)
    request = WriteRequest(23, 300, partition=5)
    write_scenarios("one/", Sampler(300), request)
    source = KilledOnce(Sampler(300), 10, Path("killed").absolute())
    write_partitions("many/", source, request, workers)
    assert Path("killed").exists()
    assert tiny.contents(Path("many")) == tiny.contents(Path("one"))


@pytest.mark.usefixtures("cluster", "tiny_defaults")
def test_commands_take_the_cluster(price_file: Path) -> None:
    """The models are found by relative paths, as the workers are in the folder of the command."""
    Path("prices.csv").write_bytes(price_file.read_bytes())
    asked = ("--steps", 4, "--no-evaluation", "--engine", "ray", "--out", "models")
    fit = tiny.command("fit-many", "prices.csv", *asked)
    assert fit.exit_code == 0, fit.output
    assert "1 at a time by a Ray cluster of 1 machine, 2 processors" in fit.stdout
    model = TimeSeriesGAN(tiny.config(4)).fit(price_file)
    model.save("alone")
    assert Path("models/prices", WEIGHTS).read_bytes() == Path("alone", WEIGHTS).read_bytes()
    paths = ("--paths", 4, "--horizon", 9, "--partition", 2, "--engine", "ray", "--out", "many")
    made = tiny.command("generate", "models/prices", *paths)
    assert made.exit_code == 0, made.output
    assert tiny.command("generate", "models/prices", *paths[:6], "--out", "one").exit_code == 0
    assert tiny.contents(Path("many")) == tiny.contents(Path("one"))


@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_an_address_that_does_not_answer_is_said(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    with socket.socket() as silent:  # bound, but it does not listen
        silent.bind(("127.0.0.1", 0))
        address = f"{scheme}127.0.0.1:{silent.getsockname()[1]}"
        with (
            pytest.raises(ConfigError, match=f"expected a cluster at {address}, it cannot be rea"),
            opened(Engine("ray", address=address)),
        ):
            pass


def test_a_machine_without_a_cluster_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(**_: object) -> None:
        raise ConnectionError("Could not find any running Ray instance.")

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", missing)
    auto = Engine("ray", address="auto")
    with pytest.raises(ConfigError, match=r"a cluster at auto.*Could not find any"), opened(auto):
        pass
