"""Model directories that earlier versions wrote, and what they did not know: slow noise, a map."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tiny
from test_checkpoint import change, model, refusal

from tsgan import TimeSeriesGAN, seeding
from tsgan.calibration import Calibration
from tsgan.checkpoint import MANIFEST, read_training, write_training
from tsgan.config import ADDED, REMOVED, RENAMED, Config, NetworkConfig
from tsgan.errors import CheckpointError
from tsgan.networks import Generator

__all__ = ["model"]

FIRST = {
    "network": "channels layers noise_channels innovation_width critic_channels critic_kernel "
    "critic_dense block",
    "training": "objective steps max_seconds paths path_length windows_per_path "
    "conditional_windows condition_jitter critic_steps learning_rate decay_from final_rate beta1 "
    "beta2 penalty_weight average check_every score_from divergence",
}
"""The settings of the first version, before ``optimizer`` and the others of ``ADDED``."""

EARLIER = {new: old for old, new in RENAMED.items()}

OLD = {"network": {"block": 8}, "training": {"windows_per_path": 4}}
"""Those of its critics, of which nothing is left."""


@pytest.fixture
def earlier(fitted: TimeSeriesGAN) -> TimeSeriesGAN:
    """``fitted`` as a model without slow noise or calibration, whose weights are drawn afresh."""
    network = replace(fitted.config.network, slow_noise=(), critic_channels=(4, 4, 4, 4))
    config = replace(fitted.config, network=network)
    with seeding.initial_weights(3):
        generator = Generator(network).requires_grad_(False)
    model = TimeSeriesGAN(config)
    model._become(
        replace(fitted.fitted_, config=config, generator=generator, calibration=Calibration.none()),
        {},
    )
    return model


@pytest.mark.parametrize("first_version", [False, True])
def test_earlier_model_loads_and_samples_the_same_bytes(
    earlier: TimeSeriesGAN, tmp_path: Path, first_version: bool
) -> None:
    def drop(manifest: dict[str, Any]) -> None:
        del manifest["calibration"]
        for part, names in FIRST.items():
            settings = manifest["config"][part] | OLD[part]
            settings = {EARLIER.get(name, name): value for name, value in settings.items()}
            assert set(settings) - set(names.split()) <= ADDED
            since = (
                ADDED
                if first_version
                else {"slow_noise", "scales", "stretch", "critic_rate", "fresh_fakes"}
            )
            manifest["config"][part] = {k: v for k, v in settings.items() if k not in since}
            assert set(names.split()) <= set(manifest["config"][part])

    earlier.save(tmp_path)
    change(tmp_path, drop)
    text = (tmp_path / MANIFEST).read_text()
    assert all(f'"{name}"' in text for name in REMOVED) and "calibration" not in text
    assert ('"optimizer"' in text) is not first_version
    loaded = TimeSeriesGAN.load(tmp_path)
    for arguments in ({}, {"given": "high"}):
        old, new = (m.sample(5, 300, **arguments) for m in (loaded, earlier))  # type: ignore[arg-type]
        assert old.log_returns.tobytes() == new.log_returns.tobytes()
    assert loaded.config.training.optimizer == "adam" and loaded.config.network.stack == "residual"
    assert loaded.config.network.slow_noise == () and loaded.fitted_.generator.slow == ()
    assert not loaded.fitted_.calibration.made.size


def test_earlier_model_that_is_saved_again_is_one_of_today(
    earlier: TimeSeriesGAN, tmp_path: Path
) -> None:
    earlier.save(tmp_path / "old")
    change(tmp_path / "old", lambda m: m.pop("calibration"))
    change(tmp_path / "old", lambda m: m["config"]["network"].pop("slow_noise"))
    loaded = TimeSeriesGAN.load(tmp_path / "old")
    loaded.save(tmp_path / "new")
    again = TimeSeriesGAN.load(tmp_path / "new")
    assert again.config == loaded.config == earlier.config
    drawn = [model.sample(2, 50).log_returns.tobytes() for model in (earlier, loaded, again)]
    assert drawn[0] == drawn[1] == drawn[2]


@pytest.mark.parametrize("slow", [None, [], [20.0], [20.0, 200.0, 200.0]])
def test_slow_noise_that_the_weights_do_not_know_is_refused(
    model: Path, slow: list[float] | None
) -> None:
    def edit(manifest: dict[str, Any]) -> None:
        network = manifest["config"]["network"]
        assert len(network["slow_noise"]) == 2
        network.pop("slow_noise") if slow is None else network.update(slow_noise=slow)

    change(model, edit)
    assert "do not fit together" in refusal(model)


@pytest.mark.parametrize(
    "edit",
    [
        lambda c: c.clear(),
        lambda c: c.pop("made"),
        lambda c: c.pop("meant"),
        lambda c: c.pop("slopes"),
        lambda c: c["made"].reverse(),
        lambda c: c["meant"].reverse(),
        lambda c: c["made"].pop(),
        lambda c: c["meant"].append(99.0),
        lambda c: c["made"].insert(0, "low"),
        lambda c: c.update(made=None),
        lambda c: c.update(meant="many"),
        lambda c: c.update(slopes=[1.0]),
        lambda c: c.update(slopes=[0.0, 1.0]),
        lambda c: c.update(slopes=[1.0, -1.0]),
        lambda c: c.update(slopes=[1.0, 3.0]),
        lambda c: c.update(slopes=1.0),
    ],
)
def test_damaged_calibration_is_refused(
    model: Path, edit: Callable[[dict[str, Any]], object]
) -> None:
    assert TimeSeriesGAN.load(model).fitted_.calibration.made.size > 2
    change(model, lambda m: edit(m["calibration"]))
    assert "calibration" in refusal(model)


@pytest.mark.parametrize("instead", [None, [], 3, "text"])
def test_calibration_of_another_kind_is_refused(model: Path, instead: object) -> None:
    change(model, lambda m: m.update(calibration=instead))
    assert "expected a calibration" in refusal(model)


def earlier_settings(**network: Any) -> dict[str, Any]:
    """The settings of an earlier model, whose critics were others."""
    values = Config().to_dict()
    for name in ("scales", "stretch", "slow_noise"):
        del values["network"][name]
    values["network"] |= {"critic_channels": [16, 32, 64, 64], "block": 8, **network}
    for name in ("critic_rate", "fresh_fakes"):
        del values["training"][name]
    values["training"] |= {"windows_per_path": 4, "critic_steps": 2}
    return json.loads(json.dumps(values))


def test_a_configuration_of_earlier_critics_is_read_and_has_no_slow_noise() -> None:
    config = Config.from_dict(earlier_settings())
    assert config.network.slow_noise == ()
    assert config.network == NetworkConfig(critic_channels=(16, 32, 64, 64), slow_noise=())
    assert config.training.critic_steps == 2
    written = config.to_dict()
    assert not {"block", "windows_per_path"} & {*written["network"], *written["training"]}
    assert Config.from_dict(json.loads(json.dumps(written))) == config


def test_slow_noise_that_is_told_is_heard() -> None:
    assert Config.from_dict(earlier_settings(slow_noise=[40.0])).network.slow_noise == (40.0,)
    assert NetworkConfig().slow_noise == (250.0, 2000.0)


def test_a_configuration_of_the_first_version_is_what_it_did() -> None:
    values = earlier_settings()
    for part in ("network", "training"):
        values[part] = {k: v for k, v in values[part].items() if k not in ADDED}
    assert len(values["network"]) == 8 and len(values["training"]) == 19
    read = Config.from_dict(values)
    assert read == Config.from_dict(earlier_settings())
    assert read.training.critic_rate == 1.0 and read.training.fresh_fakes


def test_run_whose_settings_lack_new_names_can_be_resumed(tmp_path: Path) -> None:
    config = tiny.config(4)
    defaults = Config()  # which is what most names that are lacking then mean
    training = replace(config.training, log_every=10, critic_rate=1.0, fresh_fakes=True)
    network = replace(
        config.network,
        slow_noise=(),
        scales=defaults.network.scales,
        stretch=defaults.network.stretch,
    )
    config = replace(config, training=training, network=network)
    asked = iter(range(3))
    TimeSeriesGAN(config).fit(tiny.prices(), directory=tmp_path, stop=lambda: next(asked) >= 2)
    tensors, numbers = read_training(tmp_path)
    for part in ("network", "training"):
        of_part = numbers["config"][part]
        numbers["config"][part] = {k: v for k, v in of_part.items() if k not in ADDED}
    assert "optimizer" not in numbers["config"]["training"]
    write_training(tmp_path, tensors, numbers)
    other = replace(config, training=replace(training, optimizer="sgd"))
    with pytest.raises(CheckpointError, match="expected the settings"):
        TimeSeriesGAN(other).fit(tiny.prices(), directory=tmp_path, resume=True)
    assert (
        TimeSeriesGAN(config).fit(tiny.prices(), directory=tmp_path, resume=True).training_.finished
    )
