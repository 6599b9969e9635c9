"""Parts of a training state by name, and what is said of one that does not fit."""

from __future__ import annotations

import hashlib
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from torch import Tensor

from tsgan.errors import CheckpointError


def digest(tensors: Iterable[Tensor]) -> str:
    """Return the SHA-256 of the values of tensors of float32, on any device."""
    found = hashlib.sha256()
    for tensor in tensors:
        found.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return found.hexdigest()


def under(tensors: Mapping[str, Tensor], part: str) -> dict[str, Tensor]:
    """Return the tensors called ``part.…``, by the rest of their names."""
    return {k[len(part) + 1 :]: v for k, v in tensors.items() if k.startswith(part + ".")}


@contextmanager
def fitting_state() -> Iterator[None]:
    """Turn what goes wrong when a state is loaded within the block into a CheckpointError."""
    try:
        yield
    except (KeyError, ValueError, TypeError, RuntimeError) as error:
        reason = textwrap.shorten(str(error), 100, placeholder=" …")
        raise CheckpointError(
            "the training state does not fit this configuration, as that of an earlier version "
            f"of tsgan may not ({reason}); the model still generates, but to train it is to "
            "train anew, with --overwrite"
        ) from error
