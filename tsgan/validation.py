"""The held-out score: how far conditional windows are from ones that training never saw.

The generator is asked for the volatility of each held-out window, so that a held-out year that was
calmer than the training part does not favour a generator that is too calm everywhere. None of the
reported figures is used: those are taken on whole unconditional paths.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from tsgan import seeding
from tsgan.conditioning import ConditionLayout
from tsgan.conditions import trailing_log_volatility
from tsgan.data.windows import sliding_windows
from tsgan.distances import wasserstein_1
from tsgan.stylized import autocorrelation, overlapping_sums

SPANS = (1, 5, 20)
LAGS = 20
SYNTHETIC_WINDOWS = 512
SMALLEST_DEVIATION = 1e-3
"""Floor, in scaled units, for a held-out part in which nothing moves."""


class HeldOutScore:
    """Score of a generator on a held-out series; lower is better.

    The mean over k = 1, 5, 20 of W1 between k-step sums over their standard deviation, plus the
    root mean square difference of the autocorrelation of |r| at lags 1..20, pooled over windows.

    Args:
        series: (n, channels) scaled held-out returns, n at least ``window``; those of all assets
            are pooled.
        window: steps of a window.
        seed: the same noise is used at every call, so that scores differ by the weights alone.
        layout: of the generator's conditions; only the scale is given.
        volatile: so many channels, the first ones, are looked at; default: all.
    """

    def __init__(
        self,
        series: Tensor,
        window: int,
        seed: int,
        layout: ConditionLayout | None = None,
        volatile: int | None = None,
    ) -> None:
        self.seed = seed
        windows = sliding_windows(series, window)
        self.volatile = volatile
        logs = trailing_log_volatility(series[:, :volatile], window)
        evenly = torch.arange(SYNTHETIC_WINDOWS, device=logs.device) * len(logs)
        logs = logs[evenly // SYNTHETIC_WINDOWS]
        layout = ConditionLayout() if layout is None else layout
        self.condition = layout.pack(SYNTHETIC_WINDOWS, log_scale=logs)
        self.like = windows[:1].expand(SYNTHETIC_WINDOWS, -1, -1)
        self.real = windows[:, :volatile].flatten(0, 1).cpu().double().numpy()
        self.real_memory = autocorrelation(np.abs(self.real), LAGS).mean(axis=0)

    def __call__(self, generator: nn.Module) -> float:
        """Return the score of ``generator``."""
        stream = seeding.torch_generator(self.seed, seeding.VALIDATION)
        with torch.no_grad():
            fake = generator.sample_like(self.like, self.condition, stream)  # type: ignore[operator]
        synthetic = fake[:, : self.volatile].flatten(0, 1).cpu().double().numpy()
        distances = []
        for span in SPANS:
            sums = overlapping_sums(self.real, span)
            distance = wasserstein_1(sums.ravel(), overlapping_sums(synthetic, span).ravel())
            distances.append(distance / max(sums.std(), SMALLEST_DEVIATION))
        memory = autocorrelation(np.abs(synthetic), LAGS).mean(axis=0)
        return float(np.mean(distances) + np.sqrt(np.mean((memory - self.real_memory) ** 2)))
