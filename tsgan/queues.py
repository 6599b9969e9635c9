"""The dilated layers of the generator, piece by piece in time, with nothing computed twice.

Every layer remembers the end of what it heard (van den Oord et al. 2016; Le Paine et al. 2016,
"Fast WaveNet"), so that pieces have no seam. All is done in place, in buffers that are used again.

Rows are time-major, ``(time × seats, channels)``.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from tsgan.layers import NEGATIVE_SLOPE, CausalStack, GatedStack


@dataclass(frozen=True)
class _Views:
    """Where a layer finds its numbers, each a part of a buffer.

    Attributes:
        now, earlier: what it hears; made: what it makes of it, for each branch.
        before: where its history goes; last: what its history will be.
        heard: the end of ``made``, which the sum of skips takes.
    """

    now: Tensor
    earlier: Tensor
    made: tuple[Tensor, ...]
    before: Tensor
    last: Tensor
    heard: Tensor


class LayerQueues:
    """The layers of a stack with their histories.

    Args:
        stack: whose weights are used, as they are now.
        seats: paths side by side.
        length: steps of a piece; the first has ``receptive_field − 1`` more, before them.

    Attributes:
        x: (rows, channels); what the first layer hears is written at its end.
    """

    def __init__(self, stack: CausalStack | GatedStack, seats: int, length: int) -> None:
        layers, channels = stack.skip.shape[:2]
        span = length * seats
        rows = (stack.receptive_field - 1) * seats + span
        self._weights = _weights(stack)
        self._skip, self._skip_bias = [skip.t() for skip in stack.skip], stack.skip_bias
        self.x = torch.empty(rows, channels)
        made = tuple(torch.empty_like(self.x) for _ in self._weights[0].branches)
        self._histories = [torch.empty(seats << i, channels) for i in range(layers)]
        self._total = torch.empty(span, channels)
        self._first, self._later = [], []
        for history in self._histories:
            rows -= len(history)
            self._first.append(_views(self.x, made, rows, len(history), span))
            self._later.append(_views(self.x, made, span, len(history), span))

    def run(self, first: bool, last: bool) -> Tensor:
        """Return the sum of skips of a piece, (rows, channels).

        The first piece has no history yet; that of the last one is not kept.
        """
        views = self._first if first else self._later
        for i, (view, history) in enumerate(zip(views, self._histories, strict=True)):
            if not first:
                view.before.copy_(history)
            weights = self._weights[i]
            weights.combine(view)
            if not last:
                history.copy_(view.last)
            if i:
                self._total.addmm_(view.heard, self._skip[i])
            else:
                torch.addmm(self._skip_bias, view.heard, self._skip[0], out=self._total)
            if weights.residual is not None:
                view.now.addmm_(view.made[0], weights.residual)
            elif i + 1 < len(views):
                view.now.add_(view.made[0])
        return self._total


def _views(x: Tensor, made: tuple[Tensor, ...], rows: int, shift: int, span: int) -> _Views:
    """Return the views of a layer that makes ``rows`` rows, and hears ``shift`` rows earlier."""
    return _Views(
        now=x[-rows:],
        earlier=x[-rows - shift : -shift],
        made=tuple(branch[-rows:] for branch in made),
        before=x[-span - shift : -span],
        last=x[-shift:],
        heard=made[0][-span:],
    )


@dataclass(frozen=True)
class _Weights:
    """Those of a layer: of the present, the past and the bias for each branch, and the residual."""

    branches: tuple[tuple[Tensor, Tensor, Tensor], ...]
    residual: Tensor | None = None

    def combine(self, view: _Views) -> None:
        """Write what the layer makes of what it hears into the first of ``made``."""
        for made, (now, past, bias) in zip(view.made, self.branches, strict=True):
            torch.addmm(bias, view.now, now, out=made).addmm_(view.earlier, past)
        if len(view.made) == 1:
            F.leaky_relu_(view.made[0], NEGATIVE_SLOPE)
        else:
            signal, gate = view.made
            signal.tanh_().mul_(gate.sigmoid_())


def _weights(stack: CausalStack | GatedStack) -> list[_Weights]:
    parts: list[Tensor] = [stack.now, stack.past, stack.bias]
    residuals: list[Tensor] = []
    if isinstance(stack, GatedStack):
        residuals = [matrix.t() for matrix in stack.residual]
    else:
        parts = [part[:, None] for part in parts]
    now, past, bias = parts
    return [
        _Weights(
            tuple((now[i, k].t(), past[i, k].t(), bias[i, k]) for k in range(now.shape[1])),
            residuals[i] if i < len(residuals) else None,
        )
        for i in range(len(now))
    ]
