from __future__ import annotations

import os

import pytest
import torch

from tsgan.device import (
    Precision,
    ieee_float32,
    resolve_device,
    resolve_precision,
    threads,
)
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


@pytest.mark.parametrize(
    ("name", "device", "dtype"),
    [
        ("auto", "cpu", torch.float32),
        ("auto", "mps", torch.float32),
        ("bfloat16", "cpu", torch.bfloat16),
        ("float16", "cuda", torch.float16),
        ("float32", "cuda", torch.float32),
    ],
)
def test_precisions(name, device, dtype) -> None:
    precision = resolve_precision(name, torch.device(device))
    assert (precision.device, precision.dtype) == (device, dtype)
    assert precision.scales_loss == (dtype == torch.float16)


@pytest.mark.parametrize(("has_bfloat16", "dtype"), [(True, "bfloat16"), (False, "float16")])
def test_auto_is_what_the_card_can(monkeypatch, has_bfloat16, dtype) -> None:
    def bfloat16_is(*, including_emulation: bool) -> bool:
        return including_emulation or has_bfloat16

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", bfloat16_is)
    precision = resolve_precision("auto", torch.device("cuda"))
    assert precision.dtype == getattr(torch, dtype)


def test_low_precision_on_mps_is_refused() -> None:
    with pytest.raises(ConfigError, match="precision: expected float32 on mps, got 'float16'"):
        resolve_precision("float16", torch.device("mps"))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_a_forward_pass_runs_in_its_precision(dtype) -> None:
    with Precision("cpu", dtype).forward():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == dtype


def test_tf32_is_off_within_and_as_it_was_after(monkeypatch) -> None:
    find(monkeypatch, "cuda")
    backends = (torch.backends.cuda.matmul, torch.backends.cudnn)
    before = [backend.allow_tf32 for backend in backends]
    try:
        for allowed in ([True, False], [False, True]):
            for backend, allow in zip(backends, allowed, strict=True):
                backend.allow_tf32 = allow
            with ieee_float32():
                assert [backend.allow_tf32 for backend in backends] == [False, False]
            assert [backend.allow_tf32 for backend in backends] == allowed
    finally:
        for backend, allow in zip(backends, before, strict=True):
            backend.allow_tf32 = allow
