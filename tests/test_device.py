from __future__ import annotations

import os

import pytest
import torch

from tsgan.device import resolve_device, threads
from tsgan.errors import ConfigError


def find(monkeypatch: pytest.MonkeyPatch, *there: str) -> None:
    """Let torch find these devices beside the CPU, and no others."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: "cuda" in there)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: "mps" in there)


@pytest.mark.parametrize(
    ("there", "device"),
    [((), "cpu"), (("cuda",), "cuda"), (("mps",), "cpu"), (("cuda", "mps"), "cuda")],
)
def test_auto_takes_cuda_where_there_is_one(monkeypatch, there, device) -> None:
    find(monkeypatch, *there)
    assert resolve_device("auto").type == device


@pytest.mark.parametrize("name", ["cpu", "cuda", "mps"])
def test_a_device_that_is_here_is_taken(monkeypatch, name) -> None:
    find(monkeypatch, name)
    assert resolve_device(name) == torch.device(name)


@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_a_device_that_is_not_here_is_refused_with_a_remedy(monkeypatch, name) -> None:
    find(monkeypatch)
    with pytest.raises(ConfigError, match=rf"device: expected .* got '{name}'.*--device cpu"):
        resolve_device(name)


def test_an_unknown_device_is_refused_with_the_choices() -> None:
    with pytest.raises(ConfigError, match="expected auto, cpu, cuda or mps, got 'tpu'"):
        resolve_device("tpu")


@pytest.mark.parametrize(
    ("wanted", "used"),
    [(1, 1), (0, 1), (-3, 1), (10**6, os.cpu_count()), (2, min(2, os.cpu_count()))],
)
def test_threads_are_at_least_one_and_at_most_the_processors(wanted, used) -> None:
    with threads(wanted):
        assert torch.get_num_threads() == used


@pytest.mark.parametrize("fails", [False, True])
def test_the_number_of_threads_is_put_back(fails) -> None:
    before = torch.get_num_threads()
    try:
        with threads(1 if before > 1 else 2):
            if fails:
                raise KeyError
    except KeyError:
        pass
    assert torch.get_num_threads() == before


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_what_auto_takes_can_hold_a_tensor() -> None:
    assert torch.zeros(1, device=resolve_device("auto")).device.type == "cuda"
