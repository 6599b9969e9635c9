from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tsgan import CheckpointError, checkpoint


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
