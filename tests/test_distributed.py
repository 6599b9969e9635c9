"""Two processes that train together do what one does, and agree on all that decides."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rank_trainings
import torch
from safetensors.torch import load_file
from torch import Tensor

from tsgan import TimeSeriesGAN
from tsgan.checkpoint import read_training
from tsgan.draws import SharedStream, integers, normal, uniform
from tsgan.errors import ConfigError
from tsgan.ranks import ALONE, Ranks
from tsgan.seeding import torch_generator

HERE = Path(__file__).parent
TOLERANCE = {rank_trainings.SINGLE: 1e-5}
WEIGHTS = ("generator", "critic", "average", "recogniser")

pytestmark = pytest.mark.skipif(
    sys.platform == "win32" or not torch.distributed.is_available(),
    reason="torchrun needs gloo and libuv, which torch has not here",
)


def torchrun(*command: object, ranks: int = 2) -> subprocess.CompletedProcess[str]:
    """Run a script of this folder in so many processes, which meet on this machine alone."""
    loopback = "lo0" if sys.platform == "darwin" else "lo"
    start = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={ranks}"]
    return subprocess.run(
        [sys.executable, *start, *map(str, command)],
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
        env={**os.environ, "GLOO_SOCKET_IFNAME": loopback, "OMP_NUM_THREADS": "1"},
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two processes have written of all trainings."""
    place = tmp_path_factory.mktemp("ranks")
    ran = torchrun(HERE / "rank_trainings.py", place)
    assert ran.returncode == 0, ran.stderr
    return place


def told(folder: Path, rank: int) -> dict[str, Any]:
    return dict(json.loads((folder / f"told-{rank}.json").read_text()))


@pytest.mark.parametrize("case", rank_trainings.CASES)
def test_two_processes_train_as_one(folder: Path, case: str) -> None:
    ours, others = (load_file(folder / f"{case}-{rank}.safetensors") for rank in range(2))
    assert [name for name in ours if not torch.equal(ours[name], others[name])] == []
    alone = rank_trainings.trained(case)
    assert alone.keys() == ours.keys()
    assert torch.equal(alone["stream"], ours["stream"])
    names = [name for name in alone if name.split(".")[0] in WEIGHTS]
    with rank_trainings.precision(case):
        start = rank_trainings.run(case).trainer.state()[0]
    assert max((alone[name] - start[name]).abs().max() for name in names) > 1e-3  # it has moved
    far = {name: (alone[name] - ours[name]).abs().max().item() for name in names}
    assert max(far.values()) < TOLERANCE.get(case, 1e-9), far
    for name in ("history.penalty", "history.estimate", "history.real_score"):
        torch.testing.assert_close(ours[name], alone[name], rtol=1e-5, atol=1e-5)


def test_a_stop_in_one_stops_all_and_the_run_goes_on(folder: Path) -> None:
    assert [told(folder, rank)["steps"] for rank in range(2)] == [[2, rank_trainings.STEPS]] * 2
    for rank in range(2):
        whole = load_file(folder / f"plain-{rank}.safetensors")
        resumed = load_file(folder / f"resumed-{rank}.safetensors")
        assert [name for name in whole if not torch.equal(whole[name], resumed[name])] == []
    assert told(folder, 0)["scores"] == told(folder, 1)["scores"] != []


def test_one_process_goes_on_where_two_have_been(folder: Path, tmp_path: Path) -> None:
    numbers = read_training(folder / "model")[1]
    assert numbers["step"] == rank_trainings.STEPS
    made = rank_trainings.run(rank_trainings.SINGLE, directory=folder / "model")
    made.resume()
    whole = load_file(folder / "plain-0.safetensors")
    now = rank_trainings.tensors(made.trainer)
    assert [name for name in whole if not torch.equal(whole[name], now[name])] == []
    assert TimeSeriesGAN.load(folder / "model").training_.finished


def test_the_clock_of_the_first_decides(folder: Path) -> None:
    assert [told(folder, rank)["timed"] for rank in range(2)] == [[8, 1.0]] * 2


def test_all_return_where_one_diverges(folder: Path) -> None:
    expected = [[1, rank_trainings.STEPS]] * 2
    assert [told(folder, rank)["returns"] for rank in range(2)] == expected


def test_other_prices_in_one_are_refused_by_all(folder: Path) -> None:
    for rank in range(2):
        text = told(folder, rank)["refusal"]
        assert "the same prices" in text and "rank 1 differ" in text


class Many(Ranks):
    """One of several processes that are not there."""

    def __init__(self, count: int) -> None:
        self.count = count


@pytest.mark.parametrize(
    ("case", "count", "words"),
    [
        ("plain", 3, ("batch", "3 processes", "got 4", "3 or 6")),
        ("plain", 8, ("batch", "got 4", "take 8,", "--batch")),
        ("panel", 3, ("batch", "got 8", "6 or 12")),
        ("conditions", 4, ("conditional_windows", "got 4", "take 8,")),
    ],
)
def test_a_batch_that_cannot_be_shared_is_refused(
    case: str, count: int, words: tuple[str, ...]
) -> None:
    with pytest.raises(ConfigError) as raised:
        rank_trainings.run(case, Many(count))
    assert [word for word in words if word not in str(raised.value)] == []


DRAWS: list[Callable[[tuple[int, ...], torch.Generator], Tensor]] = [
    normal,
    uniform,
    lambda shape, stream: integers(1000, shape, stream),
]


@pytest.mark.parametrize("draw", DRAWS)
@pytest.mark.parametrize("ranks", [2, 3])
def test_shares_are_those_of_the_whole_batch(draw, ranks: int) -> None:
    whole = draw((12, 5), torch_generator(3))
    streams = [SharedStream.of(torch_generator(3), rank, ranks) for rank in range(ranks)]
    shares = [draw((12 // ranks, 5), stream) for stream in streams]
    for rank, share in enumerate(shares):
        assert torch.equal(share, whole[rank::ranks]) and share.is_contiguous()
    states = [stream.get_state() for stream in streams]
    assert all(torch.equal(state, states[0]) for state in states)


def test_samples_may_lie_along_another_dimension() -> None:
    whole = normal((5, 12, 2), torch_generator(3), batch=1)
    assert torch.equal(whole, torch.randn((5, 12, 2), generator=torch_generator(3)))
    own = normal((5, 4, 2), SharedStream.of(torch_generator(3), 1, 3), batch=1)
    assert torch.equal(own, whole[:, 1::3])


def test_one_process_agrees_with_itself() -> None:
    stream, gradients = torch_generator(1), [torch.ones(2)]
    assert ALONE.shared(stream) is stream and ALONE.mean(gradients) is gradients
    assert ALONE.of_first(lambda: 2.5) == 2.5 and ALONE.any(True) and not ALONE.any(False)
    ALONE.demand_same("nothing", lambda: rank_trainings.forbidden(torch.nn.Identity()))  # type: ignore[arg-type, return-value]


def test_nothing_is_joined_without_torchrun() -> None:
    with rank_trainings.joined("cpu") as ranks:
        assert ranks is ALONE
    assert not torch.distributed.is_initialized()
