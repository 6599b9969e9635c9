"""tsgan: synthetic price paths for backtests, and how far they are from the real series.

>>> from tsgan import TimeSeriesGAN, read_prices, evaluate  # doctest: +SKIP
>>> model = TimeSeriesGAN().fit(read_prices("prices.csv"))  # doctest: +SKIP
>>> model.sample(n_samples=500, horizon=252).to_frame()  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tsgan.callbacks import Callback, Progress
    from tsgan.config import Config, NetworkConfig, TrainingConfig
    from tsgan.data.images import read_images
    from tsgan.data.prices import Prices, read_prices
    from tsgan.errors import (
        CheckpointError,
        ConfigError,
        DataError,
        RankError,
        ScenarioWarning,
        ShortSeriesWarning,
        TrainingError,
        TsganError,
    )
    from tsgan.evaluation import evaluate
    from tsgan.images.config import ImageConfig
    from tsgan.images.model import ImageGAN
    from tsgan.model import TimeSeriesGAN
    from tsgan.objectives import preset
    from tsgan.reading import ReadConfig
    from tsgan.results import Evaluation
    from tsgan.scenarios import Scenarios

_HOMES = {
    "Callback": "tsgan.callbacks",
    "CheckpointError": "tsgan.errors",
    "Config": "tsgan.config",
    "ConfigError": "tsgan.errors",
    "DataError": "tsgan.errors",
    "Evaluation": "tsgan.results",
    "ImageConfig": "tsgan.images.config",
    "ImageGAN": "tsgan.images.model",
    "NetworkConfig": "tsgan.config",
    "Prices": "tsgan.data.prices",
    "Progress": "tsgan.callbacks",
    "RankError": "tsgan.errors",
    "ReadConfig": "tsgan.reading",
    "ScenarioWarning": "tsgan.errors",
    "Scenarios": "tsgan.scenarios",
    "ShortSeriesWarning": "tsgan.errors",
    "TimeSeriesGAN": "tsgan.model",
    "TrainingConfig": "tsgan.config",
    "TrainingError": "tsgan.errors",
    "TsganError": "tsgan.errors",
    "evaluate": "tsgan.evaluation",
    "preset": "tsgan.objectives",
    "read_images": "tsgan.data.images",
    "read_prices": "tsgan.data.prices",
}

__all__ = [
    "Callback",
    "CheckpointError",
    "Config",
    "ConfigError",
    "DataError",
    "Evaluation",
    "ImageConfig",
    "ImageGAN",
    "NetworkConfig",
    "Prices",
    "Progress",
    "RankError",
    "ReadConfig",
    "ScenarioWarning",
    "Scenarios",
    "ShortSeriesWarning",
    "TimeSeriesGAN",
    "TrainingConfig",
    "TrainingError",
    "TsganError",
    "evaluate",
    "preset",
    "read_images",
    "read_prices",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, so that ``tsgan --help`` stays quick."""
    if name not in _HOMES:
        raise AttributeError(f"module 'tsgan' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
