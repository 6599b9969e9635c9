"""A finished evaluation made of random numbers, for whoever renders one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tsgan.pictured import BandCurve, Curves, HillCurve, Outcome, PanelCurves
from tsgan.results import SEVENTEEN, Evaluation, FloatArray, Group, HeldOut, Row, Verdict

HOSTILE = "<script>alert(1)</script>"
BASELINES = ("GARCH-n", "GARCH-t", "GJR-t", "GJR-skew-t", "iid bootstrap", "bootstrap 20")
OTHERS: dict[Group, tuple[str, ...]] = {
    "distributions": ("skew", "kurtosis", f"kurtosis {HOSTILE}"),
    "memory": ("ACF(r|r|)", "half-life of |r|", "aggregated kurtosis"),
    "tails": ("Hill 2.5%", "Hill left 5%", "Hill right 5%", "GPD left", "VaR 1%", "VaR 99%"),
    "strategies": ("ES 1% buy and hold", "ES 1% momentum", "Sharpe momentum"),
    "judges": ("discriminative score", "TSTR"),
    "memorisation": ("nearest window",),
    "forecasts": ("PIT uniform", "CRPS", "Kupiec 1%"),
}


def random_walks(paths: int, steps: int, seed: int) -> FloatArray:
    """Cumulative log returns with clustered volatility and fat tails: (paths, steps + 1)."""
    random = np.random.default_rng(seed)
    log_sd, returns = np.zeros(paths), np.zeros((paths, steps + 1))
    for step in range(1, steps + 1):
        log_sd = 0.985 * log_sd + 0.12 * random.normal(size=paths)
        returns[:, step] = 2e-4 + 0.009 * np.exp(log_sd) * random.normal(size=paths)
    return np.asarray(returns.cumsum(axis=1))


def band_curve(level: float, seed: int, x: FloatArray | None = None) -> BandCurve:
    random = np.random.default_rng(seed)
    x = np.arange(1.0, 251.0) if x is None else x
    mean = level * np.exp(-np.arange(x.size) / (0.25 * x.size))
    wave = mean + 0.02 * random.normal(size=x.size)
    return BandCurve(x, wave, mean, mean - 0.05, mean + 0.06)


def hill_curve(seed: int) -> HillCurve:
    fraction = np.linspace(0.005, 0.15, 60)
    real = 3.2 - 4 * fraction + 0.1 * np.random.default_rng(seed).normal(size=60).cumsum() / 6
    error = 1.96 * real / np.sqrt(5000 * fraction)
    return HillCurve(fraction, real, real + 0.2, real - error, real + error)


def outcomes(seed: int = 0) -> tuple[Outcome, ...]:
    random = np.random.default_rng(seed)
    scales = {"profit": 0.8, "Sharpe": 0.4, "drawdown": 0.5, "turnover": 12.0}
    made = []
    for strategy in ("buy and hold", "moving-average cross", "momentum", f"reversion {HOSTILE}"):
        for measure, scale in scales.items():
            low, quarter, half, three, high = np.sort(random.normal(scale, scale / 3, size=5))
            real = float(random.normal(scale, scale / 3))
            made.append(Outcome(strategy, measure, real, (low, quarter, half, three, high)))
    return tuple(made)


def example_curves(real_path: FloatArray, paths: FloatArray) -> Curves:
    real, synthetic = np.diff(real_path), np.diff(paths).ravel()
    edges = np.linspace(-6 * real.std(), 6 * real.std(), 101)
    p = np.concatenate([[0.001, 0.005], np.linspace(0.01, 0.99, 99), [0.995, 0.999]])
    fan_p = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
    depth = np.linspace(0.02, 0.6, 60)
    falls = band_curve(1.0, 6, depth)
    share = np.clip(np.exp(-depth / 0.15), 0, 1)
    return Curves(
        acf={"id": band_curve(0.0, 1), "abs": band_curve(0.25, 2), "sq": band_curve(0.2, 3)},
        acf_error={
            kind: np.full(250, 0.03 + 0.01 * k) for k, kind in enumerate(("id", "abs", "sq"))
        },
        leverage=band_curve(-0.1, 4),
        aggregation=band_curve(9.0, 5, np.array([1.0, 2, 5, 10, 20, 50, 100, 250])),
        drawdowns=replace(
            falls, real=share, synthetic=0.95 * share, low=0.7 * share, high=np.sqrt(share)
        )
        if real.size >= 252
        else None,
        hill={"left": hill_curve(7), "right": hill_curve(8)},
        strategies=outcomes() if real.size >= 252 else (),
        density_x=(edges[1:] + edges[:-1]) / 2,
        density_real=np.histogram(real, edges, density=True)[0],
        density_synthetic=np.histogram(synthetic, edges, density=True)[0],
        quantile_p=p,
        quantile_real=np.quantile(real, p),
        quantile_synthetic=np.quantile(synthetic, p),
        real_path=real_path,
        synthetic_paths=paths[:20],
        fan_p=fan_p,
        fan=np.quantile(paths, fan_p, axis=0),
        pit={
            name: np.random.default_rng(seed).dirichlet(np.full(10, 30.0))
            for seed, name in enumerate(("synthetic", "GARCH-t"))
        },
    )


def example_row(name: str, group: Group, random: np.random.Generator) -> Row:
    """A row with a band, and everything else that a row may have."""
    scale = 40 if name.startswith("DY") else 0.1
    middle = scale * random.uniform(0.5, 1)
    value = middle * random.uniform(0.2, 1.6)
    verdict: Verdict = "indistinguishable" if value <= middle else "within noise"
    band = (0.3 * middle, middle, 2 * middle)
    statistic = {"sd": 0.012, "Hill 5%": 2.9}.get(
        name, 1.5 if group in ("tails", "judges") else None
    )
    return Row(
        name,
        meaning=f"Meaning of {name}, in a sentence.",
        value=value,
        real=statistic,
        synthetic=None if statistic is None else 1.02 * statistic,
        band=band,
        verdict=verdict,
        baselines={b: scale * random.uniform(0, 3) for b in BASELINES},
        group=group,
        others={"recursive": scale * random.uniform(0, 2)},
        spread=None if statistic is None else (0.9 * statistic, 1.1 * statistic),
        interval=(0.86 * statistic, 1.17 * statistic) if statistic and "Hill" in name else None,
        held_out=HeldOut(1.2 * value, (0.4 * middle, 1.3 * middle, 3 * middle), verdict, middle),
    )


def example_rows(seed: int = 0) -> tuple[Row, ...]:
    """The seventeen, one of them skipped; copied windows; rows of each other group."""
    random = np.random.default_rng(seed)
    counted: tuple[tuple[str, Group], ...] = (
        *((name, "distributions") for name in SEVENTEEN[:8]),
        *((name, "memory") for name in SEVENTEEN[8:12]),
        ("sd", "distributions"),
        *((name, "tails") for name in SEVENTEEN[13:16]),
        ("vol dispersion", "memory"),
    )
    rows = [example_row(name, group, random) for name, group in counted]
    rows[3] = replace(rows[3], value=float("nan"), verdict="skipped", note="only 90 returns")
    rows[5] = replace(
        rows[5], held_out=HeldOut(float("nan"), None, "skipped", note="only 40 returns held out")
    )
    rows[7] = replace(rows[7], value=10 * rows[7].value, verdict="off")
    share = Row("copied windows", "Share of copies.", 0.011, None, 0.011, None, "within noise")
    share = replace(share, note="limit 2 %", group="memorisation", baselines={"bootstrap 20": 0.48})
    beside = [example_row(name, group, random) for group in OTHERS for name in OTHERS[group]]
    beside[4] = replace(beside[4], verdict="off", value=1.0)
    beside[-1] = replace(beside[-1], value=float("nan"), verdict="skipped", note="no forecasts")
    return (*rows, share, *beside)


def example_evaluation(steps: int = 1500, name: str = "S&P 500") -> Evaluation:
    paths = random_walks(60, steps, seed=1)
    return Evaluation(
        name=name,
        returns=steps,
        paths=len(paths) - 1,
        horizon=steps,
        rows=example_rows(),
        curves=example_curves(paths[0], paths[1:]),
        bootstrap_paths=200,
        bootstrap_block=250.0,
        warnings=(f"The period overlaps the training period. {HOSTILE}",),
        held_out=steps // 4,
    )


def example_panel(assets: int, steps: int = 300) -> Evaluation:
    """Several assets, the last with a hostile name; its rows see them jointly."""
    names = (*(f"asset {number}" for number in range(1, assets)), HOSTILE)
    random = np.random.default_rng(3)
    loads = random.uniform(-0.9, 0.95, size=(2, assets))
    real = np.where(np.eye(assets), 1.0, np.outer(loads[0], loads[0]))
    synthetic = np.where(np.eye(assets), 1.0, 0.8 * np.outer(loads[0], loads[0]))
    rank = np.arange(1.0, assets + 1)
    spectrum = np.linalg.eigvalsh(real)[::-1].copy()
    joint = ("correlation of r", "correlation of |r|", "lag-1 cross-correlation", "eigenvalues")
    whole = example_evaluation(steps)
    return replace(
        whole,
        name="portfolio",
        rows=tuple(example_row(name, "dependence", random) for name in joint),
        curves=None,
        assets={
            name: replace(whole, name=name, rows=example_rows(seed), warnings=(), held_out=0)
            for seed, name in enumerate(names)
        },
        panel=PanelCurves(
            names=names,
            correlation_real=real,
            correlation_synthetic=synthetic,
            magnitude_real=np.abs(real),
            magnitude_synthetic=np.abs(synthetic),
            spectrum=BandCurve(rank, spectrum, 0.9 * spectrum, 0.8 * spectrum, 1.1 * spectrum),
        ),
    )


def example_history(steps: int = 3000, seed: int = 0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    step = np.arange(steps)
    real = 1 + step / steps + 0.3 * random.normal(size=steps)
    fake = 1 + step / steps - np.exp(-step / 200) * 5 + 0.3 * random.normal(size=steps)
    heldout_step = np.arange(100, steps + 1, 100)
    heldout = np.exp(-heldout_step / 500) + 0.05 * random.normal(size=heldout_step.size) ** 2
    return {
        "step": step,
        "seconds": step * 0.1,
        "real_score": real,
        "fake_score": fake,
        "estimate": real - fake,
        "penalty": np.abs(random.normal(size=steps)) * np.exp(-step / 1000),
        "heldout_step": heldout_step,
        "heldout_score": heldout,
        "best_step": heldout_step[[heldout.argmin()]],
    }
