from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from torch import nn

from tsgan import seeding

LARGEST = 2**63 - 1
NAMES = [(purpose, *rest) for purpose in range(8) for rest in ((), (1,), (2,), (10**6,))]


def numpy_numbers(seed: int, *name: int) -> bytes:
    return seeding.numpy_generator(seed, *name).standard_normal(8).tobytes()


def torch_numbers(seed: int, *name: int) -> bytes:
    return torch.randn(8, generator=seeding.torch_generator(seed, *name)).numpy().tobytes()


def weights(seed: int, *name: int) -> bytes:
    with seeding.initial_weights(seed, *name):
        return nn.Linear(8, 1).weight.detach().numpy().tobytes()


DRAWS = pytest.mark.parametrize("draw", [numpy_numbers, torch_numbers, weights])


@DRAWS
def test_the_same_name_says_the_same_numbers(draw) -> None:
    for name in NAMES:
        assert draw(3, *name) == draw(3, *name)


@DRAWS
def test_every_seed_and_name_has_a_stream_of_its_own(draw) -> None:
    seeds = (0, 1, 2, 2**31, 2**32 - 1, LARGEST)
    streams = [draw(seed, *name) for seed in seeds for name in NAMES]
    assert len(set(streams)) == len(streams)


def test_purposes_differ() -> None:
    purposes = {
        seeding.WEIGHTS,
        seeding.TRAINING,
        seeding.VALIDATION,
        seeding.PATHS,
        seeding.RESPONSE,
        seeding.BOOTSTRAP,
        seeding.BASELINES,
    }
    assert len(purposes) == 7


def test_neighbouring_streams_are_uncorrelated() -> None:
    draws = np.stack(
        [
            seeding.numpy_generator(seed, seeding.PATHS, path).standard_normal(4000)
            for seed, path in itertools.product(range(4), range(8))
        ]
    )
    correlation = np.corrcoef(draws)[np.triu_indices(len(draws), 1)]
    assert np.abs(correlation).max() < 4.5 / np.sqrt(4000)


@pytest.mark.parametrize("fails", [False, True])
def test_global_states_are_as_before(fails) -> None:
    states = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    try:
        with seeding.initial_weights(5, 0):
            nn.Linear(3, 3)
            if fails:
                raise KeyError
    except KeyError:
        pass
    numpy_numbers(1)
    torch_numbers(1)
    assert torch.equal(torch.get_rng_state(), states[0])
    assert np.array_equal(np.random.get_state()[1], states[1])  # noqa: NPY002


def test_weights_do_not_depend_on_the_global_state() -> None:
    first = weights(5, 0)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(99)
        assert weights(5, 0) == first


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_initial_weights_leave_the_state_of_cuda() -> None:
    before = torch.cuda.get_rng_state()
    weights(5, 0)
    assert torch.equal(torch.cuda.get_rng_state(), before)
