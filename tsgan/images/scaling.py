"""The three scales of a pixel: bytes in files, [−1, 1] in networks, [0, 1] for users."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

BRIGHTEST = 255


def to_networks(pixels: Tensor) -> Tensor:
    """Return bytes, (n, height, width), as networks take them: (n, 1, height, width), [−1, 1]."""
    return pixels[:, None].to(torch.float32) * (2 / BRIGHTEST) - 1


def from_networks(x: Tensor) -> npt.NDArray[np.float32]:
    """Return (n, 1, height, width) in [−1, 1] for users: (n, height, width), float32 in [0, 1]."""
    unit = ((x[:, 0].to(torch.float32) + 1) / 2).clamp(0, 1)
    return unit.cpu().numpy()


def to_bytes(unit: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Return [0, 1] as bytes, each the nearest; what lies outside is cut off."""
    inside = np.clip(unit, 0, 1) * np.float32(BRIGHTEST)
    pixels: npt.NDArray[np.uint8] = np.rint(inside).astype(np.uint8)
    return pixels


def to_unit(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return bytes as float32 in [0, 1]."""
    return pixels.astype(np.float32) / np.float32(BRIGHTEST)
