"""The benchmark of perfect models: its rows, its processes, its counts, its tables."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))

import perfect

from tsgan import evaluate
from tsgan.errors import DataError
from tsgan.results import SEVENTEEN

SMALL = ["--returns", "600", "--paths", "20", "--bootstraps", "20"]
SAMPLE = 0.01 * np.random.default_rng(3).standard_t(5, size=800) + 0.0005


def stochastic_volatility(paths: int, steps: int, seed: int = 0) -> np.ndarray:
    return perfect.volatile(SAMPLE, paths, steps, np.random.default_rng(seed))


def record(under_half: int, inside: int) -> dict[str, list[float]]:
    """The first rows are at their 50 % mark, others at their 95 % mark, the last ones above."""
    values = [1.0] * under_half + [2.0] * (inside - under_half) + [2.1] * (17 - inside)
    return {row: [value, 1.0, 2.0] for row, value in zip(SEVENTEEN, values, strict=True)}


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("|")[1:-1]]


def table_of(tmp_path: Path, name: str, capsys: Any, *given: str) -> str:
    perfect.main([*given, *SMALL, "--out", str(tmp_path / name)])
    text: str = capsys.readouterr().out
    return text


def test_rows_and_marks_are_those_of_an_evaluation() -> None:
    drawn = stochastic_volatility(11, 600)
    found = evaluate(drawn[0], drawn[1:], seed=4, bootstrap_paths=20, baselines=())
    rows = perfect.compare(drawn[0], {"true": drawn[1:]}, 20, 4)["true"]
    assert tuple(rows) == SEVENTEEN
    for name, (value, half, most) in rows.items():
        row = found.row(name)
        assert row.band is not None
        assert (value, half, most) == (row.value, *row.band[1:])
    at_half = perfect.counts([{"true": rows}], "true", "50 %", SEVENTEEN)
    inside = perfect.counts([{"true": rows}], "true", "95 %", SEVENTEEN)
    assert at_half == [found.count("indistinguishable")]
    assert inside == [found.count("indistinguishable", "within noise")]


def test_volatility_has_the_memory_and_leverage_of_its_formula() -> None:
    """``ln |r_t − μ|`` has autocovariances ``Σ_ij φ_i^τ Cov(x_i, x_j)``, and π²/8 besides at τ = 0.

    ``Cov(x_i, x_j) = Σ_k φ_i^k φ_j^k s_i s_j √(1 − φ_i²) √(1 − φ_j²) E[e_i e_j]``. With the sign of
    τ steps before, the covariance is ``√(2/π) Σ_i s_i ρ_i √(1 − φ_i²) φ_i^{τ−1}``; with a sign that
    comes later it is none.
    """
    returns = (stochastic_volatility(600, 3_000) - SAMPLE.mean()) / SAMPLE.std()
    assert np.mean(returns**2) == pytest.approx(1, abs=0.06)
    half_lives, loads, leverages = np.array(perfect.PARTS).T
    phi = 0.5 ** (1 / half_lives)
    effects = loads * np.sqrt(1 - phi**2) * phi ** np.arange(40_000)[:, None]  # of news k steps ago
    covariance = (effects * leverages).T @ (effects * leverages)
    covariance += np.diag((1 - leverages**2) * np.sum(effects**2, axis=0))
    size, sign = np.log(np.abs(returns)), np.sign(returns)
    size -= size.mean()
    assert np.mean(size**2) == pytest.approx(covariance.sum() + np.pi**2 / 8, rel=0.02)
    for lag in (1, 10, 100, 500):
        memory = np.mean(size[:, :-lag] * size[:, lag:])
        assert memory == pytest.approx(np.sum(phi**lag @ covariance), abs=0.015)
        pull = np.sum(effects[lag - 1] * leverages)
        found = np.mean(sign[:, :-lag] * size[:, lag:])
        assert found == pytest.approx(np.sqrt(2 / np.pi) * pull, abs=0.005)
        assert np.mean(size[:, :-lag] * sign[:, lag:]) == pytest.approx(0, abs=0.005)
    first, last = np.var(size[:, :100]), np.var(size[:, -100:])
    assert first == pytest.approx(last, rel=0.05)  # the first steps are as any others


def asked(process: str = "sv", **given: Any) -> argparse.Namespace:
    usual = {"process": process, "returns": 600, "paths": 20, "bootstraps": 9}
    return argparse.Namespace(**(usual | given))


def test_a_real_series_is_one_path_of_the_process_and_none_of_those_compared(monkeypatch) -> None:
    monkeypatch.setattr(perfect, "compare", lambda real, sets, *_: (real, sets))
    real, sets = perfect.replicate(asked(), SAMPLE, 1)
    assert real.shape == (600,)
    assert set(sets) == set(perfect.WAYS)
    assert all(paths.shape == (20, 600) for paths in sets.values())
    true = sets["true"]
    assert not np.isclose(true, real).all(axis=1).any()
    assert not np.array_equal(perfect.replicate(asked(), SAMPLE, 2)[0], real)
    levels = np.linspace(0.1, 0.9, 9)
    for way in ("true", "GJR-t fitted"):
        mapped = sets[f"{way}, calibrated"]
        wanted = np.quantile(real, levels)
        assert np.quantile(mapped, levels) == pytest.approx(wanted, abs=0.15 * real.std())
        assert np.array_equal(np.argsort(mapped[3]), np.argsort(sets[way][3]))


def test_the_fitted_model_learns_from_the_real_series(monkeypatch) -> None:
    seen = []

    def fitted(name: str, training: np.ndarray, *shape: Any) -> np.ndarray:
        seen.append(training)
        return perfect.volatile(training, *shape)

    monkeypatch.setattr(perfect, "simulate_baseline", fitted)
    monkeypatch.setattr(perfect, "compare", lambda real, sets, *_: (real, sets))
    real, _ = perfect.replicate(asked("gjr"), SAMPLE, 1)
    assert np.array_equal(seen[0], SAMPLE)  # the process itself
    assert np.array_equal(seen[1], real)


def test_a_fit_that_fails_is_told_and_left_out(monkeypatch, capsys) -> None:
    def fails(*_: Any) -> np.ndarray:
        raise DataError("GJR-t: no clear maximum")

    monkeypatch.setattr(perfect, "simulate_baseline", fails)
    found = perfect.replicate(asked(), SAMPLE, 5)
    assert set(found) == {"true", "true, calibrated"}
    assert "seed 5: GJR-t: no clear maximum" in capsys.readouterr().out
    lines = list(perfect.count_table([found, dict.fromkeys(perfect.WAYS, record(9, 17))]))
    assert [cells(line)[1] for line in lines[2:]] == ["2"] * 4 + ["1"] * 4
    assert len(list(perfect.row_table([found]))) == 2 + 17


def test_counts_and_shares() -> None:
    rows = [record(17, 17), record(14, 17), record(15, 16), *[record(3, 9)] * 7]
    lines = [cells(line) for line in perfect.count_table([{"true": one} for one in rows])]
    half, inside = lines[2:]
    assert half[:4] == ["true", "10", "50 %", "3 (3 … 17)"]
    assert half[4:8] == ["30.0%", "20.0%", "10.0%", "10.0%"]
    assert inside[2:8] == ["95 %", "9 (9 … 17)", "30.0%", "30.0%", "30.0%", "20.0%"]
    assert half[8] == "2 (2 … 11)"  # of record(3, 9) without W1(1)/sd
    assert len(perfect.ELEVEN) == 11
    by_row = {row[0]: row[1] for row in map(cells, perfect.row_table([{"true": r} for r in rows]))}
    assert by_row["W1(1)/sd"] == "100%, 100%"
    assert by_row["DY(1)"] == "30%, 100%"
    assert by_row["vol dispersion"] == "10%, 20%"


def test_a_value_that_is_not_defined_is_under_no_mark() -> None:
    rows = record(17, 17) | {"Lev": [float("nan"), 1.0, 2.0], "sd": [1.0, float("nan"), 2.0]}
    assert perfect.counts([{"true": rows}], "true", "50 %", SEVENTEEN) == [15]


def test_same_seed_same_table_in_pieces_as_in_one(tmp_path: Path, capsys, monkeypatch) -> None:
    whole = table_of(tmp_path, "a", capsys, "--process", "gjr", "--replicates", "2")
    assert (tmp_path / "a" / "gjr.md").read_text(encoding="utf-8") == whole
    lines = whole.splitlines()
    assert len(lines) == (2 + 8) + 1 + (2 + 17) + 1 + (2 + 11) + 2
    assert cells(lines[2])[:3] == ["true", "2", "50 %"]
    assert lines[-1].startswith("Rows of the sample beside these paths: ")
    second = table_of(tmp_path, "b", capsys, "--process", "gjr", "--replicates", "1", "--seed", "1")
    assert second != whole
    assert [file.stem[-5:] for file in (tmp_path / "b").glob("*.json")] == ["seed1"]
    assert table_of(tmp_path, "b", capsys, "--process", "gjr", "--replicates", "2") == whole
    monkeypatch.setattr(perfect, "replicate", None)  # what is there is not made again
    assert table_of(tmp_path, "b", capsys, "--process", "gjr", "--replicates", "2") == whole


def test_paths_of_another_process_get_fewer_rows() -> None:
    generator = np.random.default_rng(1)
    drawn, wild = generator.normal(size=(41, 2_000)), 1.3 * generator.standard_t(5, (40, 2_000))
    found = [perfect.compare(drawn[0], {"true": drawn[1:], "wild": wild}, 40, 0)]
    true, wrong = (perfect.counts(found, way, "95 %", SEVENTEEN)[0] for way in ("true", "wild"))
    assert true >= 15 > wrong + 5
