"""The estimator, and that a run which was cut in pieces ends with the same bytes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tiny
import torch

from tsgan import Config, TimeSeriesGAN, preset, read_prices
from tsgan.calibration import Calibration
from tsgan.checkpoint import MANIFEST, TRAINING, WEIGHTS
from tsgan.errors import ConfigError, DataError
from tsgan.logs import EVENTS, LOG, EventFiles
from tsgan.objectives import OBJECTIVES
from tsgan.versions import versions

SERIES = tiny.prices()


def test_fit_returns_the_model_itself() -> None:
    model = TimeSeriesGAN(tiny.config(1))
    assert model.fit(SERIES) is model
    assert model.training_.finished and model.training_.steps == 1


def test_default_configuration_is_the_default() -> None:
    assert TimeSeriesGAN().config == Config()


def test_sources_of_the_same_prices_give_the_same_model(price_file: Path) -> None:
    frame = pd.read_csv(price_file, parse_dates=["Date"])
    sources = (price_file, str(price_file), frame, SERIES, read_prices(price_file))
    config = tiny.config(2)
    drawn = [TimeSeriesGAN(config).fit(source).sample(2, 5).log_returns for source in sources]
    for paths in drawn[1:]:
        np.testing.assert_allclose(paths, drawn[0], rtol=1e-9)


def test_what_is_no_price_is_refused() -> None:
    with pytest.raises(DataError, match="expected a path, DataFrame or Series"):
        TimeSeriesGAN().fit(3)  # type: ignore[arg-type]


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_objective_can_be_fitted_saved_and_sampled(tmp_path: Path, objective: str) -> None:
    config = tiny.config(2, holdout=0.2)
    settings = preset(objective)
    config = replace(config, training=replace(config.training, **settings))
    model = TimeSeriesGAN(config).fit(SERIES, directory=tmp_path)
    loaded = TimeSeriesGAN.load(tmp_path)
    assert loaded.config.training.objective == objective
    assert np.array_equal(loaded.sample(2, 9).log_returns, model.sample(2, 9).log_returns)
    assert (model.history_["penalty"] != 0).any() == (objective == "wgan-gp")
    difference = model.history_["real_score"] - model.history_["fake_score"]
    same = np.allclose(model.history_["estimate"], difference, atol=1e-6)
    assert same == objective.startswith("wgan")


def test_sample_has_the_conventions_of_an_estimator(fitted: TimeSeriesGAN) -> None:
    drawn = fitted.sample(n_samples=3, horizon=7)
    assert drawn.log_returns.shape == (3, 7) and drawn.numbers.tolist() == [0, 1, 2]
    assert np.array_equal(drawn.log_returns, fitted.sample(3, 7).log_returns)
    assert not np.array_equal(drawn.log_returns, fitted.sample(3, 7, seed=1).log_returns)
    assert drawn.start_price == SERIES.iloc[-1]
    assert drawn.dates.astype(str).tolist()[:2] == ["2022-01-03", "2022-01-04"]


def test_start_can_be_chosen(fitted: TimeSeriesGAN) -> None:
    chosen = fitted.sample(2, 3, start_price=5.0, start_date="2030-01-05")
    default = fitted.sample(2, 3)
    assert np.array_equal(chosen.log_returns, default.log_returns)
    assert chosen.dates[0] == np.datetime64("2030-01-07")
    np.testing.assert_allclose(chosen.closes(), default.closes() / SERIES.iloc[-1] * 5)


def test_groups_together_are_the_sample(fitted: TimeSeriesGAN) -> None:
    whole = fitted.sample(1100, 3, seed=4)
    groups = list(fitted.sample_groups(1100, 3, seed=4))
    assert len(groups) > 1
    assert np.array_equal(np.concatenate([g.log_returns for g in groups]), whole.log_returns)
    assert np.array_equal(np.concatenate([g.numbers for g in groups]), np.arange(1100))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_samples": 0}, "paths: expected a whole number, 1 to"),
        ({"horizon": 0}, "horizon: expected a whole number, 1 to 100000"),
        ({"horizon": 10_000_001}, "horizon: expected"),
        ({"seed": -1}, "seed: expected"),
        ({"start_price": 0}, "start price: expected a number above 0, got 0"),
        ({"start_price": float("nan")}, "start price"),
        ({"start_date": "soon"}, "start date: expected a date"),
        ({"given": "huge"}, "expected NAME=VALUE such as vol=high"),
        ({"given": -0.2}, "vol: expected"),
        ({"given": "nan"}, "vol: expected"),
        ({"given": 1e300}, "at most 10"),
        ({"given": 1e-300}, "vol: expected"),
    ],
)
def test_bad_argument_is_refused_before_the_first_group(
    fitted: TimeSeriesGAN, arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        fitted.sample_groups(**{"n_samples": 1, "horizon": 1, **arguments})  # type: ignore[arg-type]


@pytest.mark.parametrize("call", ["sample", "sample_groups", "save"])
def test_model_must_be_fitted_first(tmp_path: Path, call: str) -> None:
    arguments = (tmp_path / "m",) if call == "save" else (1, 1)
    with pytest.raises(ConfigError, match="not: call fit or load first"):
        getattr(TimeSeriesGAN(), call)(*arguments)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("steps", [1, 40])
def test_given_volatility_is_realised(seed: int, steps: int) -> None:
    model = TimeSeriesGAN(tiny.config(steps, seed=seed)).fit(SERIES)
    for asked in (0.1, 0.2, 0.4):
        paths = model.sample(200, 252, seed=7, given=asked, extrapolate=True).log_returns
        realised = np.sqrt(252 * np.mean(paths**2, axis=1))
        assert np.median(realised) == pytest.approx(asked, rel=0.1)


def test_levels_are_those_of_the_training_part(fitted: TimeSeriesGAN) -> None:
    levels = fitted.volatility_
    assert levels.smallest < levels.low < levels.mid < levels.high < levels.largest
    for name in ("low", "mid", "high"):
        by_name = fitted.sample(2, 50, given=name).log_returns
        assert np.array_equal(
            by_name, fitted.sample(2, 50, given=getattr(levels, name)).log_returns
        )


def test_given_volatility_does_not_touch_the_other_paths(fitted: TimeSeriesGAN) -> None:
    before = fitted.sample(2, 50).log_returns
    fitted.sample(2, 50, given=0.5, extrapolate=True)
    assert np.array_equal(fitted.sample(2, 50).log_returns, before)


def uncalibrated(model: TimeSeriesGAN) -> TimeSeriesGAN:
    """A copy of ``model`` without its calibration."""
    copy = TimeSeriesGAN(model.config)
    copy._become(replace(model.fitted_, calibration=Calibration.none()), model.history_)
    return copy


def test_paths_without_a_given_volatility_are_calibrated(fitted: TimeSeriesGAN) -> None:
    calibration, scaler = fitted.fitted_.calibration, fitted.fitted_.scaler
    assert calibration.made.size > 2
    raw = uncalibrated(fitted).sample(3, 50, seed=2).log_returns[..., None]
    expected = scaler.inverse(calibration(scaler.transform(raw)))[..., 0]
    drawn = fitted.sample(3, 50, seed=2).log_returns
    np.testing.assert_allclose(drawn, expected, rtol=0, atol=1e-12)
    assert np.abs(drawn - raw[..., 0]).max() > 1e-4


def test_paths_of_a_given_volatility_are_left_as_they_are(fitted: TimeSeriesGAN) -> None:
    for given in ("low", 0.3):
        drawn, raw = (
            m.sample(3, 50, given=given, extrapolate=True) for m in (fitted, uncalibrated(fitted))
        )
        assert drawn.log_returns.tobytes() == raw.log_returns.tobytes()


@pytest.mark.parametrize("holdout", [0.0, 0.2])
def test_fitted_model_has_the_marginal_of_the_training_part(holdout: float) -> None:
    other = SERIES.copy()
    other.iloc[-140:] *= np.linspace(1.01, 3, 140)  # all that is held out, if anything is
    models = [
        TimeSeriesGAN(tiny.config(2, holdout=holdout)).fit(prices) for prices in (SERIES, other)
    ]
    same = models[0].fitted_.calibration.to_dict() == models[1].fitted_.calibration.to_dict()
    assert same == bool(holdout)
    returns = np.diff(np.log(SERIES))[: models[0].facts_.training]
    drawn = models[0].sample(200, 1000, seed=5).log_returns
    levels = [0.1, 0.25, 0.5, 0.75, 0.9]
    error = np.quantile(drawn, levels) - np.quantile(returns, levels)
    assert np.abs(error).max() < 0.07 * returns.std()
    raw = uncalibrated(models[0]).sample(200, 1000, seed=5).log_returns
    assert abs(drawn.std() / returns.std() - 1) < 0.1 < abs(raw.std() / returns.std() - 1)


def test_loaded_model_samples_the_same_bytes(fitted: TimeSeriesGAN, model_directory: Path) -> None:
    loaded = TimeSeriesGAN.load(model_directory)
    for arguments in ({}, {"given": "high"}, {"seed": 3, "start_price": 7.0}):
        one = fitted.sample(5, 300, **arguments)  # type: ignore[arg-type]
        other = loaded.sample(5, 300, **arguments)  # type: ignore[arg-type]
        assert one.log_returns.tobytes() == other.log_returns.tobytes()
        assert one.closes().tobytes() == other.closes().tobytes()
        assert np.array_equal(one.dates, other.dates)


def test_loaded_model_knows_what_the_fitted_one_knew(
    fitted: TimeSeriesGAN, model_directory: Path, tmp_path: Path
) -> None:
    loaded = TimeSeriesGAN.load(str(model_directory))
    assert loaded.config == fitted.config and loaded.facts_ == fitted.facts_
    assert loaded.training_ == fitted.training_ and loaded.volatility_ == fitted.volatility_
    assert loaded.fitted_.manifest() == fitted.fitted_.manifest()
    loaded.save(tmp_path)
    for name in (MANIFEST, WEIGHTS):
        assert (tmp_path / name).read_bytes() == (model_directory / name).read_bytes()


def test_versions_are_those_of_the_fit(
    model_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_the_fit = versions("pandas")
    monkeypatch.setattr("importlib.metadata.version", lambda _: "99")
    assert TimeSeriesGAN.load(model_directory).fitted_.versions == of_the_fit != versions("pandas")


def test_fitting_and_sampling_leave_the_global_stream_alone(fitted: TimeSeriesGAN) -> None:
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002
    expected = torch.rand(3), np.random.rand(3)  # noqa: NPY002
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002
    TimeSeriesGAN(tiny.config(2, holdout=0.2)).fit(SERIES)
    fitted.sample(2, 10, given="low")
    assert torch.equal(torch.rand(3), expected[0])
    assert np.array_equal(np.random.rand(3), expected[1])  # noqa: NPY002


def test_directory_that_cannot_be_made_is_a_domain_error(price_file: Path) -> None:
    with pytest.raises(DataError, match="cannot create"):
        TimeSeriesGAN(tiny.config(1)).fit(SERIES, directory=price_file / "model")


def test_model_that_replaces_another_keeps_nothing_of_it(tmp_path: Path) -> None:
    for name in ("metrics.json", "report.html", "training.png"):
        (tmp_path / name).touch()
    model = TimeSeriesGAN(tiny.config(2)).fit(SERIES, directory=tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {MANIFEST, WEIGHTS, TRAINING, LOG}
    model.save(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {MANIFEST, WEIGHTS}


def test_event_files_of_the_run_stay_and_those_of_another_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def names() -> set[str]:
        return {file.name for file in tmp_path.iterdir()}

    monkeypatch.chdir(tmp_path.parent)
    for events in (EventFiles(tmp_path / EVENTS), EventFiles(Path(tmp_path.name) / EVENTS)):
        TimeSeriesGAN(tiny.config(2)).fit(SERIES, directory=tmp_path, callbacks=[events])
        assert names() == {MANIFEST, WEIGHTS, TRAINING, LOG, EVENTS}
        assert len(list((tmp_path / EVENTS).iterdir())) == 1
    elsewhere = EventFiles(tmp_path.parent / "elsewhere")
    TimeSeriesGAN(tiny.config(2)).fit(SERIES, directory=tmp_path, callbacks=[elsewhere])
    assert names() == {MANIFEST, WEIGHTS, TRAINING, LOG}
