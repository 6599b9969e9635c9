"""A finished evaluation made of random numbers, for whoever renders one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tsgan.results import SEVENTEEN, Curves, Evaluation, FloatArray, LagCurve, Row

HOSTILE = "<script>alert(1)</script>"


def random_walks(paths: int, steps: int, seed: int) -> FloatArray:
    """Cumulative log returns with clustered volatility and fat tails: (paths, steps + 1)."""
    random = np.random.default_rng(seed)
    log_sd, returns = np.zeros(paths), np.zeros((paths, steps + 1))
    for step in range(1, steps + 1):
        log_sd = 0.985 * log_sd + 0.12 * random.normal(size=paths)
        returns[:, step] = 2e-4 + 0.009 * np.exp(log_sd) * random.normal(size=paths)
    return np.asarray(returns.cumsum(axis=1))


def lag_curve(level: float, seed: int, lags: int = 250) -> LagCurve:
    random = np.random.default_rng(seed)
    mean = level * np.exp(-np.arange(1, lags + 1) / 60)
    return LagCurve(mean + 0.02 * random.normal(size=lags), mean, mean - 0.05, mean + 0.06)


def example_curves(real_path: FloatArray, paths: FloatArray) -> Curves:
    real, synthetic = np.diff(real_path), np.diff(paths).ravel()
    edges = np.linspace(-6 * real.std(), 6 * real.std(), 101)
    p = np.concatenate([[0.001, 0.005], np.linspace(0.01, 0.99, 99), [0.995, 0.999]])
    fan_p = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
    return Curves(
        acf={"id": lag_curve(0.0, 1), "abs": lag_curve(0.25, 2), "sq": lag_curve(0.2, 3)},
        leverage=lag_curve(-0.1, 4),
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
    )


def example_rows(seed: int = 0) -> tuple[Row, ...]:
    """The seventeen, one of them skipped, and rows without band, statistic or baselines."""
    random = np.random.default_rng(seed)
    rows = []
    for name in SEVENTEEN:
        scale = 40 if name.startswith("DY") else 0.1
        middle = scale * random.uniform(0.5, 1)
        value = middle * random.uniform(0.2, 1.6)
        rows.append(
            Row(
                name,
                meaning=f"Meaning of {name}, in a sentence.",
                value=value,
                real=0.012 if name == "sd" else None,
                synthetic=0.0118 if name == "sd" else None,
                band=(0.3 * middle, middle, 2 * middle),
                verdict="indistinguishable" if value <= middle else "within noise",
                baselines={b: scale * random.uniform(0, 3) for b in ("iid bootstrap", "GARCH-n")},
            )
        )
    rows[3] = replace(rows[3], value=float("nan"), verdict="skipped", note="only 90 returns")
    rows[7] = replace(rows[7], value=10 * rows[7].value, verdict="off")
    share = Row("copied windows", "Share of copies.", 0.011, None, 0.011, None, "within noise")
    skew = Row("skew", "Asymmetry.", 0.1, -0.3, -0.2, (0.01, 0.1, 0.4), "indistinguishable")
    return (*rows, replace(share, note="limit 2 %"), replace(skew, name=f"skew {HOSTILE}"))


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
