"""How far synthetic paths are from a real series, and whether that is more than chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tsgan.baselines import BASELINES
from tsgan.comparison import Progress, Settings, Subject, compare
from tsgan.evaluation_input import Returns, check_arrays, check_settings
from tsgan.panel_comparison import Panel, compare_panel
from tsgan.results import Evaluation

BAND_PATHS, BAND_BLOCK = 200, 250.0
"""Paths of a noise band, and their mean block length."""


def evaluate(
    real: Returns,
    synthetic: Returns,
    *,
    training: Returns | None = None,
    held_out: Returns | None = None,
    others: Mapping[str, Returns] | None = None,
    name: str = "series",
    seed: int = 0,
    bootstrap_paths: int = BAND_PATHS,
    bootstrap_block: float = BAND_BLOCK,
    baselines: Sequence[str] | None = None,
    baseline_paths: int = 200,
    progress: Progress | None = None,
) -> Evaluation:
    """Compare synthetic paths with a real series, row by row, beside noise band and baselines.

    Args:
        real: (n,) log returns, not in percent, or ``Prices``; of several assets (n, assets).
        synthetic: (paths, horizon) log returns, ``Scenarios``, or a DataFrame with a column per
            path; of several assets
            (paths, horizon, assets) in the same order. Only horizon = n compares memory
            without bias.
        training: (m,) log returns that the model was trained on; default ``real``. Baselines are
            fitted to them, and copies are looked for in them.
        held_out: (h,) log returns that follow ``training`` and that the model never saw: every
            row is also measured against them, and one-step forecasts are rolled over them.
        others: further sets of synthetic paths by name, scored in the same table.
        name: what the real series is, for titles.
        seed: the same seed gives the same numbers.
        bootstrap_paths, bootstrap_block: number and mean block length of the noise band's paths.
        baselines: names from :data:`tsgan.baselines.BASELINES`, scored for each asset; default:
            all for a single series, none for each of several. One that cannot be fitted is left
            out, with a warning in the result. Several assets have joint baselines besides.
        baseline_paths: paths of n steps simulated for each baseline.
        progress: called with what is being done and the share that is done, 0..1.

    Raises:
        DataError: an array is not finite, constant, too short, of the wrong shape, or of prices.
        ConfigError: a setting is outside its range.
    """
    check_settings(bootstrap_paths, bootstrap_block, baselines or (), baseline_paths, seed)
    report = progress or (lambda _message, _share: None)
    given = check_arrays(real, synthetic, training, held_out, others or {})
    single = given.assets == 1 and given.series.ndim == 1
    chosen = (BASELINES if single else ()) if baselines is None else tuple(baselines)
    settings = Settings(name, seed, bootstrap_paths, bootstrap_block, chosen, baseline_paths)
    parts = given.series, given.paths, given.training, given.held_out, given.others
    if single:
        result = compare(Subject(*parts), settings, report)
    else:
        result = compare_panel(Panel(_names(real, given.assets), *parts), settings, report)
    report("evaluated", 1.0)
    return replace(result, warnings=(*given.doubts(), *result.warnings))


def _names(real: Returns, assets: int) -> tuple[str, ...]:
    """Return the assets' names: of prices or a frame their columns', else 1, 2, 3, …"""
    names = getattr(real, "names", getattr(real, "columns", ()))
    return tuple(map(str, names)) if len(names) == assets else tuple(map(str, range(1, assets + 1)))
