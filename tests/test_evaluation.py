import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tsgan.bands import marks_by_name
from tsgan.baselines import stationary_bootstrap
from tsgan.errors import DataError
from tsgan.evaluation import evaluate
from tsgan.gauges import GAUGES
from tsgan.metrics import METRICS
from tsgan.results import Evaluation

SP500 = Path(__file__).parents[1] / "data" / "samples" / "sp500.csv"

BAND_50 = {  # of ../shared/protocol.md
    **{"W1(1)/sd": 0.053, "W1(5)/sd": 0.048, "W1(20)/sd": 0.074, "W1(100)/sd": 0.145},
    **{"DY(1)": 47, "DY(5)": 48, "DY(20)": 50, "DY(100)": 71},
    **{"ACF(id)": 0.018, "ACF(abs)": 0.056, "ACF(sq)": 0.042, "Lev": 0.292, "sd": 0.086},
    **{"Hill 5%": 0.079, "ES 1%": 0.138, "ES 99%": 0.111, "vol dispersion": 0.162},
}
GARCH_N = {
    **{"W1(1)/sd": 0.087, "W1(5)/sd": 0.097, "W1(20)/sd": 0.179, "W1(100)/sd": 0.382},
    **{"DY(1)": 64, "DY(5)": 59, "DY(20)": 74, "DY(100)": 95},
    **{"ACF(id)": 0.019, "ACF(abs)": 0.060, "ACF(sq)": 0.033, "Lev": 0.475},
    "vol dispersion": 0.295,
}
GJR_T = {
    **{"W1(1)/sd": 0.120, "W1(5)/sd": 0.097, "W1(20)/sd": 0.108, "W1(100)/sd": 0.228},
    **{"DY(1)": 65, "DY(5)": 59, "DY(20)": 57, "DY(100)": 72},
    **{"ACF(id)": 0.019, "ACF(abs)": 0.061, "ACF(sq)": 0.051, "Lev": 0.323},
}
BOOTSTRAP_20 = {
    **{"W1(1)/sd": 0.002, "W1(5)/sd": 0.013, "W1(20)/sd": 0.045, "W1(100)/sd": 0.150},
    **{"DY(1)": 3, "DY(5)": 10, "DY(20)": 36, "DY(100)": 76},
    **{"ACF(id)": 0.016, "ACF(abs)": 0.108, "ACF(sq)": 0.075, "Lev": 0.356, "sd": 0.003},
    **{"vol dispersion": 0.407, "copied windows": 0.48},
}


@pytest.fixture(scope="module")
def sp500() -> np.ndarray:
    return np.diff(np.log(pd.read_csv(SP500)["Adj Close"].to_numpy()))


@pytest.fixture(scope="module")
def judged(sp500) -> Evaluation:
    """The stationary bootstrap of blocks of 20 days, as the protocol has it."""
    paths = stationary_bootstrap(sp500, 200, sp500.size, 20.0, np.random.default_rng(0))
    return evaluate(sp500, paths, name="S&P 500", baselines=("GARCH-n", "GJR-t"))


@pytest.fixture(scope="module")
def small() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(1)
    returns = generator.standard_t(4, size=(9, 1_000)) * 0.01
    return returns[0], returns[1:]


def quick(real, synthetic, **settings) -> Evaluation:
    return evaluate(real, synthetic, **{"bootstrap_paths": 20, "baselines": (), **settings})


def test_the_figures_are_those_of_the_protocol(judged):
    for column, printed, close in (
        (lambda row: row.value, BOOTSTRAP_20, 0.1),
        (lambda row: row.band[1], BAND_50, 0.25),
        (lambda row: row.baselines["GARCH-n"], GARCH_N, 0.15),
        (lambda row: row.baselines["GJR-t"], GJR_T, 0.15),
    ):
        computed = {name: column(judged.row(name)) for name in printed}
        assert computed == pytest.approx(printed, rel=close, abs=0.003)


def test_the_verdicts_follow(judged):
    assert judged.row("W1(1)/sd").verdict == "indistinguishable"
    assert judged.row("ACF(abs)").verdict == "off"  # blocks of 20 days have no long memory
    assert judged.row("copied windows").verdict == "off"
    assert judged.count("skipped") == 0 and judged.warnings == ()
    names = [row.name for row in judged.rows]
    assert names == [*(metric.name for metric in METRICS), *(gauge.name for gauge in GAUGES)]
    assert judged.row("longest shared run").value > 100
    assert judged.row("beyond lowest").synthetic == 0, "a bootstrap never leaves the past"
    assert judged.row("discriminative score").baselines["GARCH-n"] > 0.1
    assert judged.row("copied windows").baselines["GARCH-n"] < 0.02


def test_a_bootstrap_of_long_blocks_is_told_by_its_copies(sp500):
    paths = stationary_bootstrap(sp500, 20, sp500.size, 125.0, np.random.default_rng(2))
    assert quick(sp500, paths).row("copied windows").value == pytest.approx(0.9, abs=0.03)


def test_the_result_carries_what_it_was_made_of(judged, sp500):
    assert (judged.name, judged.returns) == ("S&P 500", sp500.size)
    assert (judged.paths, judged.horizon) == (200, sp500.size)
    assert (judged.bootstrap_paths, judged.bootstrap_block) == (200, 250.0)
    np.testing.assert_allclose(judged.curves.real_path[1:], np.cumsum(sp500))
    metrics = json.loads(json.dumps(judged.to_dict(), allow_nan=False))["metrics"]
    assert len(metrics) == len(METRICS) + len(GAUGES)
    assert set(metrics[0]["baselines"]) == {"GARCH-n", "GJR-t"}


def test_the_same_seed_gives_the_same_numbers(small):
    settings = {"baselines": ("GARCH-t", "iid bootstrap"), "baseline_paths": 4}
    first, again, other = (quick(*small, seed=seed, **settings).to_dict() for seed in (3, 3, 4))
    assert first == again
    for kind in ("band", "baselines"):
        assert first["metrics"][0][kind] != other["metrics"][0][kind]
    assert first["metrics"][0]["value"] == other["metrics"][0]["value"]


def test_baselines_and_copies_look_at_the_training_series(small):
    real, paths = small
    settings = {"baselines": ("iid bootstrap",), "baseline_paths": 50}
    assert quick(real, paths).row("copied windows").value < 0.03
    told = quick(real, paths, training=3 * paths[0], **settings)
    assert told.row("copied windows").value > 0.1
    assert told.row("sd").baselines["iid bootstrap"] == pytest.approx(2, abs=0.5)
    assert told.row("sd").value < 0.2


def test_rows_that_a_series_is_too_short_for_are_skipped(small):
    result = quick(small[0][:150], small[1][:, :60], baselines=("GARCH-n",), baseline_paths=2)
    skipped = {row.name: row.note for row in result.rows if row.verdict == "skipped"}
    assert skipped["W1(100)/sd"] == "needs 200 real returns, there are 150"
    assert {"ACF(abs)", "Lev", "vol dispersion", "Hill 5%"} < set(skipped)
    assert {"W1(20)/sd", "DY(20)", "sd", "ES 1%", "copied windows"}.isdisjoint(skipped)
    assert len(result.warnings) == 2 and "60 steps" in result.warnings[0]
    json.dumps(result.to_dict(), allow_nan=False)


def test_a_baseline_that_fails_becomes_a_warning():
    spike = np.concatenate([np.zeros(999), [0.5]])
    result = quick(spike, spike[None], baselines=("GJR-t", "iid bootstrap"), baseline_paths=9)
    assert any("GJR-t" in warning for warning in result.warnings)
    assert set(result.row("sd").baselines) == {"iid bootstrap"}


def test_marks_are_quantiles_of_what_is_finite():
    values = [{"a": float(v), "b": math.nan} for v in [*range(101), np.nan, np.inf]]
    marks = marks_by_name(values)
    assert marks["a"] == pytest.approx((5, 50, 95)) and marks["b"] is None
    few = [{"a": 1.0}, {"a": math.nan}, {"a": math.nan}]
    assert marks_by_name(few) == {"a": None}


def test_other_sets_of_paths_are_scored_in_the_same_table(small):
    real, paths = small
    loud = quick(real, paths, others={"loud": 3 * paths, "copy": np.tile(real, (3, 1))})
    assert loud.row("sd").others["loud"] == pytest.approx(2, abs=0.5)
    assert loud.row("copied windows").others["copy"] > 0.9 > 0.1 > loud.row("copied windows").value
    assert quick(real, 3 * paths).row("sd").value == loud.row("sd").others["loud"]
    for row in loud.rows:
        assert row.verdict == "skipped" or set(row.others) <= {"loud", "copy"}


def test_held_out_returns_are_compared_apart_and_forecast(small):
    real, paths = small[0], np.tile(small[1], (7, 1))  # as many as forecasts need
    found = quick(real, paths, training=real[:600], held_out=real[600:])
    assert found.held_out == 400
    assert found.row("sd").held_out is not None and found.row("sd").held_out.band is not None
    assert found.row("ACF(abs)").held_out.verdict == "skipped"
    forecasts = [row for row in found.rows if row.group == "forecasts"]
    assert len(forecasts) == 8 and all(row.verdict != "skipped" for row in forecasts)
    assert set(found.curves.pit) == {"synthetic", "GJR-t"}
    json.dumps(found.to_dict(), allow_nan=False)
    alone = quick(real, paths)
    assert alone.held_out == 0 and all(row.held_out is None for row in alone.rows)
    assert not [row for row in alone.rows if row.group == "forecasts"]


def test_returns_in_percent_are_doubted(small):
    real, paths = small
    assert quick(real, 50 * paths).warnings[0].startswith("synthetic: half of the log returns")


def test_progress_goes_from_0_to_1(small):
    calls: list[tuple[str, float]] = []
    quick(
        *small,
        bootstrap_paths=200,
        baselines=("GARCH-n",),
        baseline_paths=2,
        progress=lambda *call: calls.append(call),
    )
    fractions = [fraction for _, fraction in calls]
    assert fractions == sorted(fractions) and (fractions[0], fractions[-1]) == (0, 1)
    assert "scoring GARCH-n" in [message for message, _ in calls]


def test_bad_arrays_are_named(small):
    real, paths = small
    with pytest.raises(DataError, match=r"^real: .*prices"):
        evaluate(100 * np.exp(real.cumsum()), paths)
    with pytest.raises(DataError, match=r"^synthetic: .*two dimensions"):
        evaluate(real, paths[0])
    with pytest.raises(DataError, match=r"^training: .*vary"):
        evaluate(real, paths, training=np.zeros(10))
    with pytest.raises(DataError, match=r"^held_out: .*finite"):
        evaluate(real, paths, held_out=np.full(10, np.nan))
    with pytest.raises(DataError, match=r"^b: .*two dimensions"):
        evaluate(real, paths, others={"b": real})
    with pytest.raises(DataError, match=r"^synthetic: .*three dimensions"):
        evaluate(np.stack([real, real], axis=1), paths)


def test_the_import_is_light():
    code = "import sys, tsgan.evaluation; print({'torch', 'arch', 'pandas'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
