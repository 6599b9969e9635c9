"""The state from which an interrupted run goes on: whole, damaged or of another program."""

from __future__ import annotations

from pathlib import Path

import pytest
import safetensors.torch
import torch

from tsgan import checkpoint
from tsgan.checkpoint import TRAINING
from tsgan.errors import CheckpointError

DAMAGED = "training.safetensors: expected a training state of tsgan"
TENSORS = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.tensor(1.5)}


def test_state_comes_back_from_one_file(tmp_path: Path) -> None:
    checkpoint.write_training(tmp_path, TENSORS, {"step": 3, "best": None, "s": 0.1 + 0.2})
    assert [file.name for file in tmp_path.iterdir()] == [TRAINING]
    tensors, numbers = checkpoint.read_training(tmp_path)
    assert numbers == {"step": 3, "best": None, "s": 0.1 + 0.2}
    assert all(torch.equal(tensors[name], tensor) for name, tensor in TENSORS.items())


@pytest.mark.parametrize("content", [b"", b"{", b"\x80\x04pickle", b"\xff" * 100])
def test_damaged_state_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / TRAINING).write_bytes(content)
    with pytest.raises(CheckpointError, match=DAMAGED):
        checkpoint.read_training(tmp_path)


@pytest.mark.parametrize("text", ["[]", "1", "NaN", '{"step": 1e999}', "[" * 100_000, "{"])
def test_state_with_other_numbers_is_refused(tmp_path: Path, text: str) -> None:
    metadata = {"tsgan": text, "sha256": checkpoint._digest(TENSORS, text)}  # vouched for
    (tmp_path / TRAINING).write_bytes(safetensors.torch.save(TENSORS, metadata))
    with pytest.raises(CheckpointError, match=DAMAGED):
        checkpoint.read_training(tmp_path)


def test_state_of_another_program_is_refused(tmp_path: Path) -> None:
    (tmp_path / TRAINING).write_bytes(safetensors.torch.save(TENSORS))
    with pytest.raises(CheckpointError, match=DAMAGED):
        checkpoint.read_training(tmp_path)
    (tmp_path / TRAINING).unlink()
    with pytest.raises(CheckpointError, match=r"training.safetensors: expected this file"):
        checkpoint.read_training(tmp_path)


def test_training_state_of_other_bytes_is_refused(tmp_path: Path) -> None:
    """Also where they are as many, in the middle of a tensor, and a number all the same."""
    tensors = {"w": torch.arange(1000.0), "n": torch.tensor(3)}
    checkpoint.write_training(tmp_path, tensors, {"step": 3})
    path = tmp_path / checkpoint.TRAINING
    whole = path.read_bytes()
    for place in range(len(whole) - 4000, len(whole), 999):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(CheckpointError, match="expected a training state"):
            checkpoint.read_training(tmp_path)
    path.write_bytes(whole.replace(b'step\\": 3', b'step\\": 4'))
    assert path.read_bytes() != whole
    with pytest.raises(CheckpointError, match="expected a training state"):
        checkpoint.read_training(tmp_path)
    path.write_bytes(whole)
    assert checkpoint.read_training(tmp_path)[1] == {"step": 3}
