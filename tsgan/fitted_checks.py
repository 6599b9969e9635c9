"""What a model that was read may hold: values that a fit can write, of sizes that cost little."""

from __future__ import annotations

import numpy as np

from tsgan.calibration import Calibration
from tsgan.data.scaling import Scaler
from tsgan.errors import CheckpointError
from tsgan.facts import DataFacts
from tsgan.panel_calibration import PanelCalibration
from tsgan.run import TrainingFacts
from tsgan.volatility import VolatilityCondition
from tsgan.wording import is_name

LONGEST_SOURCE = 4096
"""Characters of the name of a file, and of the names of all columns of one asset."""

LARGEST_RETURN = 1e4
"""Mean and deviation of log returns are smaller: the range of float64 is exp(±745)."""

MOST_KNOTS, LARGEST_KNOT = 10_000, 1e9
"""Of a calibration, in standard deviations."""

LARGEST_PRICE, SMALLEST_PRICE = 1e300, 1e-300
LARGEST_VOLATILITY, SMALLEST_VOLATILITY = 1e9, 1e-12
LARGEST_COUNT = 2**53


def demand_facts(facts: DataFacts, training: TrainingFacts) -> None:
    """Raise CheckpointError for names, counts and prices that no fit writes."""
    names = facts.names if facts.assets else ()
    if not all(map(is_name, names)) or len(set(names)) < len(names):
        raise CheckpointError("expected assets of different names that can be printed")
    texts = (facts.source, training.device, "" if facts.assets else facts.column)
    if max(map(len, texts)) > LONGEST_SOURCE:
        raise CheckpointError(f"expected names of at most {LONGEST_SOURCE} characters")
    counts = facts.breaks, facts.training, facts.returns, facts.prices, training.steps
    if min(*counts, training.best_step) < 0 or max(counts) > LARGEST_COUNT:
        raise CheckpointError("expected numbers of returns and steps from 0 on")
    if not facts.training <= facts.returns <= facts.prices:
        raise CheckpointError("expected as many prices as returns at least")
    prices = [facts.last_price, *facts.last_prices]
    prices += [] if facts.last_volume is None else [facts.last_volume]
    if not all(SMALLEST_PRICE <= price <= LARGEST_PRICE for price in prices):
        raise CheckpointError(f"expected prices and volumes above 0, got {prices[:8]}")
    if max(map(abs, facts.means), default=0.0) > LARGEST_RETURN:
        raise CheckpointError(f"expected mean returns within {LARGEST_RETURN:g}")
    if not 0 < facts.periods_per_year <= 1e9 or not 0 <= training.seconds <= 1e12:
        raise CheckpointError("expected periods of a year, and seconds of training")


def demand_magnitudes(scaler: Scaler, calibration: Calibration | PanelCalibration) -> None:
    """Raise CheckpointError for maps of returns that lead out of the range of numbers."""
    largest = max(np.abs(scaler.mean).max(initial=0.0), scaler.scale.max(initial=0.0))
    if largest > LARGEST_RETURN or not scaler.mean.size:
        raise CheckpointError(f"expected a scaler within {LARGEST_RETURN:g}, got {largest:g}")
    each = calibration.each if isinstance(calibration, PanelCalibration) else (calibration,)
    for one in each:
        largest = max(np.abs(knots).max(initial=0.0) for knots in (one.made, one.meant))
        if one.made.size > MOST_KNOTS or largest > LARGEST_KNOT:
            raise CheckpointError(
                f"expected a calibration of at most {MOST_KNOTS} knots within {LARGEST_KNOT:g}"
            )


def demand_volatilities(known: VolatilityCondition) -> None:
    """Raise CheckpointError for volatilities that no series has."""
    values = known.to_dict().values()
    if not all(SMALLEST_VOLATILITY <= value <= LARGEST_VOLATILITY for value in values):
        raise CheckpointError(f"expected volatilities above 0, got {[*values]}")
