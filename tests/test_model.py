"""The estimator, and that a run which was cut in pieces ends with the same bytes."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tiny
import torch

from tsgan import Config, TimeSeriesGAN, read_prices
from tsgan.checkpoint import MANIFEST, TRAINING, WEIGHTS
from tsgan.errors import CheckpointError, ConfigError, DataError
from tsgan.trainer import Progress
from tsgan.validation import HeldOutScore

SERIES = tiny.prices()


def stop_after(calls: int) -> Callable[[], bool]:
    """A ``stop`` that is asked before each step, and says yes from then on."""
    asked = iter(range(10**9))
    return lambda: next(asked) >= calls


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


def test_run_is_reproducible_to_the_byte_and_depends_on_the_seed(tmp_path: Path) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        TimeSeriesGAN(tiny.config(3, seed=seed)).fit(SERIES, directory=tmp_path / name)
    a, b, c = ((tmp_path / name / WEIGHTS).read_bytes() for name in "abc")
    assert a == b != c


def test_steps_are_told_in_order() -> None:
    told: list[Progress] = []
    TimeSeriesGAN(tiny.config(6, holdout=0.2)).fit(SERIES, on_step=told.append)
    assert [progress.step for progress in told] == [1, 2, 3, 4, 5, 6]
    assert told[-1].fraction == 1 and told[-1].score is not None
    assert all(a.seconds <= b.seconds for a, b in itertools.pairwise(told))


def test_best_checkpoint_by_held_out_score_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    config = tiny.config(6, holdout=0.2)  # three checks, at steps 2, 4 and 6
    config = replace(config, training=replace(config.training, score_from=0.0))
    kept = {}
    for best in (2, 4, 6):
        scores = iter([float(step != best) for step in (2, 4, 6)])
        monkeypatch.setattr(HeldOutScore, "__call__", lambda *_, told=scores: next(told))
        kept[best] = TimeSeriesGAN(config).fit(SERIES)
        stopped = TimeSeriesGAN(config)
        monkeypatch.setattr(HeldOutScore, "__call__", lambda *_: 0.0)
        stopped.fit(SERIES, stop=stop_after(best))
        assert (kept[best].training_.best_step, kept[best].training_.best_score) == (best, 0)
        for one, other in zip(
            kept[best].fitted_.generator.parameters(),
            stopped.fitted_.generator.parameters(),
            strict=True,
        ):
            assert torch.equal(one, other)


def test_sample_has_the_conventions_of_an_estimator(fitted: TimeSeriesGAN) -> None:
    drawn = fitted.sample(n_samples=3, horizon=7)
    assert drawn.log_returns.shape == (3, 7) and drawn.paths.tolist() == [0, 1, 2]
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
    assert np.array_equal(np.concatenate([g.paths for g in groups]), np.arange(1100))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_samples": 0}, "paths: expected a whole number, 1 to"),
        ({"horizon": 0}, "horizon: expected a whole number, 1 to 100000"),
        ({"horizon": 100_001}, "horizon: expected"),
        ({"seed": -1}, "seed: expected"),
        ({"start_price": 0}, "start price: expected a number above 0, got 0"),
        ({"start_price": float("nan")}, "start price"),
        ({"start_date": "soon"}, "start date: expected a date"),
        ({"given": "huge"}, "vol: expected low, mid, high or"),
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
        paths = model.sample(200, 252, seed=7, given=asked).log_returns
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
    fitted.sample(2, 50, given=0.5)
    assert np.array_equal(fitted.sample(2, 50).log_returns, before)


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
    monkeypatch.setattr("tsgan.fitted.versions", lambda: {"tsgan": "99"})
    assert TimeSeriesGAN.load(model_directory).fitted_.versions["torch"] == torch.__version__


@pytest.mark.parametrize("holdout", [0, 0.2])
@pytest.mark.parametrize("pieces", [[0], [1], [4], [2, 3], [3, 1, 1]])
def test_resumed_run_ends_with_the_bytes_of_an_uninterrupted_one(
    tmp_path: Path, holdout: float, pieces: list[int]
) -> None:
    config = tiny.config(7, holdout=holdout)
    whole = TimeSeriesGAN(config).fit(SERIES, directory=tmp_path / "whole")
    directory, done = tmp_path / "pieces", 0
    for number, steps in enumerate(pieces):
        part = TimeSeriesGAN(config).fit(
            SERIES, directory=directory, resume=number > 0, stop=stop_after(steps)
        )
        done += steps
        assert part.training_.steps == done and not part.training_.finished
        TimeSeriesGAN.load(directory).sample(1, 3)  # an interrupted model is a model
    resumed = TimeSeriesGAN(config).fit(SERIES, directory=directory, resume=True)
    assert resumed.training_.finished
    assert (directory / WEIGHTS).read_bytes() == (tmp_path / "whole" / WEIGHTS).read_bytes()
    assert resumed.volatility_ == whole.volatility_
    assert (resumed.training_.best_step, resumed.training_.best_score) == (
        whole.training_.best_step,
        whole.training_.best_score,
    )
    for name in set(whole.history_) - {"seconds"}:
        assert np.array_equal(resumed.history_[name], whole.history_[name]), name


def test_resuming_a_finished_run_changes_no_weight(tmp_path: Path) -> None:
    config = tiny.config(2)
    TimeSeriesGAN(config).fit(SERIES, directory=tmp_path)
    before = (tmp_path / WEIGHTS).read_bytes()
    told: list[Progress] = []
    again = TimeSeriesGAN(config).fit(SERIES, directory=tmp_path, resume=True, on_step=told.append)
    assert (tmp_path / WEIGHTS).read_bytes() == before
    assert told == [] and again.training_.steps == 2 and len(again.history_["step"]) == 2


@pytest.mark.parametrize("killed_after", [TRAINING, WEIGHTS])
def test_run_killed_between_two_files_can_be_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed_after: str
) -> None:
    config = tiny.config(6)
    TimeSeriesGAN(config).fit(SERIES, directory=tmp_path / "whole")

    from tsgan import checkpoint

    write = checkpoint.write_atomically

    def kill_after(path: Path, content: bytes | str) -> None:
        write(path, content)
        if path.name == killed_after:
            raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint, "write_atomically", kill_after)
    with pytest.raises(KeyboardInterrupt):
        TimeSeriesGAN(config).fit(SERIES, directory=tmp_path / "killed")
    monkeypatch.undo()
    TimeSeriesGAN(config).fit(SERIES, directory=tmp_path / "killed", resume=True)
    one, other = ((tmp_path / name / WEIGHTS).read_bytes() for name in ("whole", "killed"))
    assert one == other


def test_only_the_same_run_can_be_resumed(tmp_path: Path) -> None:
    config = tiny.config(4)
    frame = pd.DataFrame({"Close": SERIES, "Open": SERIES * 2})
    TimeSeriesGAN(config).fit(frame, directory=tmp_path, stop=stop_after(2))
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    for source, other in (
        (frame * 1.5, config),
        (frame.iloc[:-1], config),
        (read_prices(frame, ["Open"]), config),
        (frame, replace(config, seed=1)),
        (frame, tiny.config(5)),
    ):
        with pytest.raises(CheckpointError, match=r"expected the (prices|settings).*--overwrite"):
            TimeSeriesGAN(other).fit(source, directory=tmp_path, resume=True)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_column_of_the_same_file_is_part_of_the_run(price_file: Path, tmp_path: Path) -> None:
    config = tiny.config(4)
    opens = read_prices(price_file, ["Open"])
    TimeSeriesGAN(config).fit(opens, directory=tmp_path, stop=stop_after(2))
    with pytest.raises(CheckpointError, match=r"expected the prices \(column\)"):
        TimeSeriesGAN(config).fit(price_file, directory=tmp_path, resume=True)
    assert TimeSeriesGAN(config).fit(opens, directory=tmp_path, resume=True).training_.finished


def test_nothing_to_resume_is_said(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=TRAINING):
        TimeSeriesGAN(tiny.config()).fit(SERIES, directory=tmp_path, resume=True)
    with pytest.raises(ConfigError, match="resume: expected the directory"):
        TimeSeriesGAN(tiny.config()).fit(SERIES, resume=True)


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
    assert {file.name for file in tmp_path.iterdir()} == {MANIFEST, WEIGHTS, TRAINING}
    model.save(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {MANIFEST, WEIGHTS}
