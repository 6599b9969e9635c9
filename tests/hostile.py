"""Model directories of someone who means harm: how one is made, and how it must end."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from tsgan.checkpoint import MANIFEST, WEIGHTS
from tsgan.errors import CheckpointError
from tsgan.wording import UNSEEN

Edit = Callable[[Any], object]


def refusal(load: Callable[[Path], object], model: Path) -> str:
    """The one line, which a terminal can be shown, with which a model is refused."""
    with pytest.raises(CheckpointError) as caught:
        load(model)
    message = str(caught.value)
    assert UNSEEN.search(message) is None and "expected" in message and len(message) < 1000
    return message


def change(model: Path, edit: Edit) -> None:
    """Edit the manifest as JSON."""
    manifest = json.loads((model / MANIFEST).read_text())
    edit(manifest)
    (model / MANIFEST).write_text(json.dumps(manifest))


def vouch(model: Path, data: bytes) -> None:
    """Put other bytes in the place of the weights, and let the manifest vouch for them."""
    (model / WEIGHTS).write_bytes(data)
    change(model, lambda m: m.update(weights_sha256=hashlib.sha256(data).hexdigest()))


def change_weights(model: Path, edit: Edit) -> None:
    """Edit the weights, and let the manifest vouch for them."""
    weights = safetensors.torch.load((model / WEIGHTS).read_bytes())
    edit(weights)
    vouch(model, safetensors.torch.save(weights))


def tensors(header: object, body: bytes = b"") -> bytes:
    """The bytes of a safetensors file of any header: JSON values, or text."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def tensor(dtype: str = "F32", shape: object = (1,), offsets: object = (0, 4)) -> dict[str, Any]:
    """What a header says of one tensor."""
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


def first_weight(weights: dict[str, torch.Tensor]) -> str:
    """The name of a matrix among the weights."""
    return next(name for name, one in weights.items() if one.ndim >= 2)


FOUR = b"\x00\x00\x80\x3f"
HEADERS: dict[str, bytes] = {
    "no header": b"",
    "header longer than the file": struct.pack("<Q", 2**40) + b"{}",
    "a list": tensors([]),
    "metadata of numbers": tensors({"__metadata__": {"a": 1}}),
    "metadata that are a list": tensors({"__metadata__": []}),
    "deep": tensors(b'{"a":' * 100_000),
    "a name twice": tensors(b'{"a":1,"a":2}'),
    "a name that is half a character": tensors(b'{"\\ud800":1}'),
    "a name that a terminal obeys": tensors({"\x1b[2J": tensor()}, FOUR),
    "a million tensors": tensors(b"{" + b'"a":{},' * 99_990 + b'"b":{}}'),
    "not described": tensors({"a": 1}),
    "without a shape": tensors({"a": {"dtype": "F32", "data_offsets": [0, 4]}}, FOUR),
    "10^12 numbers": tensors({"a": tensor(shape=[10**12], offsets=[0, 4 * 10**12])}, FOUR),
    "10^18 by 10^18 by nothing": tensors({"a": tensor(shape=[0, 10**18, 10**18], offsets=[0, 0])}),
    "beyond 63 bits": tensors({"a": tensor(shape=[0, 2**64 - 1], offsets=[0, 0])}),
    "negative": tensors({"a": tensor(shape=[-1])}, FOUR),
    "half a row": tensors({"a": tensor(shape=[0.5])}, FOUR),
    "100,000 dimensions": tensors({"a": tensor(shape=[1] * 100_000)}, FOUR),
    "overlapping": tensors({"a": tensor(), "b": tensor()}, FOUR),
    "behind the end": tensors({"a": tensor(offsets=[4, 8])}, FOUR),
    "backwards": tensors({"a": tensor(offsets=[4, 0])}, FOUR),
    "a hole": tensors({"a": tensor(offsets=[4, 8])}, 2 * FOUR),
    "type unknown": tensors({"a": tensor("OBJECT")}, FOUR),
    "type of a list": tensors({"a": tensor([])}, FOUR),  # type: ignore[arg-type]
    "type of eight bits": tensors({"a": tensor("F8_E8M0", offsets=[0, 1])}, b"\x01"),
    "type of four bits": tensors({"a": tensor("F4", [2], [0, 1])}, b"\x01"),
    "complex": tensors({"a": tensor("C64", [1], [0, 8])}, 2 * FOUR),
}
"""Headers of files that hold no weights, or none that torch could make in bounded time."""
