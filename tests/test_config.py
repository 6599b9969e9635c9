from __future__ import annotations

import json
import math
import re
from dataclasses import FrozenInstanceError, fields, replace
from typing import Any

import pytest

from tsgan.config import ADDED, Config, NetworkConfig, TrainingConfig
from tsgan.errors import ConfigError, TsganError
from tsgan.objectives import OBJECTIVES

WHOLE = [
    (NetworkConfig, "channels", 1, 1024),
    (NetworkConfig, "layers", 1, 14),
    (NetworkConfig, "noise_channels", 1, 256),
    (NetworkConfig, "innovation_width", 1, 1024),
    (NetworkConfig, "critic_kernel", 2, 64),
    (NetworkConfig, "critic_dense", 1, 4096),
    (NetworkConfig, "stretch", 64, 2**20),
    (TrainingConfig, "steps", 1, 10**9),
    (TrainingConfig, "batch", 1, 4096),
    (TrainingConfig, "path_length", 1, 2**20),
    (TrainingConfig, "conditional_windows", 1, 4096),
    (TrainingConfig, "critic_steps", 1, 100),
    (TrainingConfig, "check_every", 1, 10_000),
    (TrainingConfig, "log_every", 1, 10_000),
    (TrainingConfig, "patience", 1, 10_000),
    (Config, "seed", 0, 2**63 - 1),
]
REAL = [
    (TrainingConfig, "max_seconds", 1e-3, 1e9),
    (TrainingConfig, "condition_jitter", 0, 2),
    (TrainingConfig, "learning_rate", 1e-12, 1),
    (TrainingConfig, "critic_rate", 1e-3, 1e3),
    (TrainingConfig, "decay_from", 0, 1),
    (TrainingConfig, "final_rate", 0, 1),
    (TrainingConfig, "beta1", 0, 0.9999),
    (TrainingConfig, "beta2", 0, 0.999999),
    (TrainingConfig, "penalty_weight", 0, 1e6),
    (TrainingConfig, "information_weight", 0, 1e6),
    (TrainingConfig, "average_parts", 1, 1000),
    (TrainingConfig, "average", 0, 0.999999),
    (TrainingConfig, "score_from", 0, 1),
    (TrainingConfig, "max_gradient_norm", 1e-12, 1e12),
    (TrainingConfig, "clip", 1e-6, 1e3),
    (TrainingConfig, "divergence", 1, 1e30),
    (Config, "holdout", 0, 0.5),
]
KINDS = (NetworkConfig, TrainingConfig, Config)
OPTIONAL = ("steps", "holdout", "max_gradient_norm", "patience")
NUMBERS = [
    (kind, item.name)
    for kind in KINDS
    for item in fields(kind)
    if type(item.default) in (int, float) or item.name in OPTIONAL
]


def make(kind: type, **settings: Any) -> Any:
    return replace(kind(), **settings)


@pytest.mark.parametrize(("kind", "name", "low", "high"), WHOLE + REAL)
def test_a_setting_reaches_its_bounds_and_no_further(kind, name, low, high) -> None:
    for value in (low, high):
        assert getattr(make(kind, **{name: value}), name) == value
    beyond = (low - 1, high + 1) if isinstance(high, int) else (low - 1e-9, high * (1 + 1e-9))
    for value in beyond:
        with pytest.raises(
            ConfigError, match=rf"^{name}: expected a .*got {re.escape(repr(value))}$"
        ):
            make(kind, **{name: value})


@pytest.mark.parametrize(("kind", "name"), NUMBERS)
@pytest.mark.parametrize("value", [True, math.nan, math.inf, -math.inf, 10**400, [1], {}, b"1"])
def test_a_number_is_a_number(kind, name, value) -> None:
    with pytest.raises(ConfigError, match=rf"^{name}: expected .*, got "):
        make(kind, **{name: value})


@pytest.mark.parametrize(("kind", "name"), [row[:2] for row in WHOLE])
@pytest.mark.parametrize("value", [1.0, 2.5, "2"])
def test_a_whole_number_is_whole(kind, name, value) -> None:
    with pytest.raises(ConfigError, match=rf"^{name}: expected a whole number from"):
        make(kind, **{name: value})


def test_every_number_has_its_bounds_tested() -> None:
    tested = {(kind, name) for kind, name, *_ in WHOLE + REAL} | {(Config, "window")}
    assert tested == set(NUMBERS)


CHOICES = [
    (NetworkConfig, "stack", "gated"),
    (TrainingConfig, "optimizer", "rmsprop"),
    (TrainingConfig, "schedule", "cosine"),
    (TrainingConfig, "precision", "bfloat16"),
    (Config, "device", "cuda"),
]


@pytest.mark.parametrize(("kind", "name", "value"), CHOICES)
def test_a_choice_is_one_of_its_choices(kind, name, value) -> None:
    assert getattr(make(kind, **{name: value}), name) == value
    for other in ("other", None, 1, value.upper()):
        with pytest.raises(ConfigError, match=rf"^{name}: expected one of .*{value}"):
            make(kind, **{name: other})


def test_fresh_fakes_are_wanted_or_not() -> None:
    for value in (True, False):
        assert TrainingConfig(fresh_fakes=value).fresh_fakes is value
    for other in (1, 0, None, "yes", [True]):
        with pytest.raises(ConfigError, match=r"^fresh_fakes: expected true or false, got"):
            make(TrainingConfig, fresh_fakes=other)


@pytest.mark.parametrize("widths", [(1,), (1024,) * 8, (16, 32)])
def test_critic_widths(widths) -> None:
    assert NetworkConfig(critic_channels=widths).critic_channels == widths


@pytest.mark.parametrize("widths", [(), (1,) * 9, [16, 32], 16, (0,), (16, 1025), (True,), (1.5,)])
def test_other_critic_widths_are_refused(widths) -> None:
    with pytest.raises(ConfigError, match=r"^critic_channels: expected "):
        NetworkConfig(critic_channels=widths)


@pytest.mark.parametrize("scales", [(1,), (1, 2), (1, 4, 16, 64), (1, 2, 1024)])
def test_scales(scales) -> None:
    assert NetworkConfig(scales=scales).scales == scales


@pytest.mark.parametrize(
    "scales",
    [
        *[(), (2, 4), (1, 1), (1, 3, 4), (1, 4, 4), (1, 4, 2), (4, 1), (0, 1), (-1, 1), (1, 2048)],
        *[[1, 4], 1, None, (1, 2.0), (1, "2"), (True, 2), tuple(2**k for k in range(9))],
    ],
)
def test_scales_are_one_and_larger_powers_of_two(scales) -> None:
    with pytest.raises(ConfigError, match=r"^scales: expected "):
        NetworkConfig(scales=scales)


@pytest.mark.parametrize("layers", [3, 6, 7])
def test_a_stretch_can_be_halved_by_each_layer(layers: int) -> None:
    widths, unit = (4,) * layers, 2**layers
    assert NetworkConfig(critic_channels=widths, stretch=5 * unit + 64 * unit).stretch % unit == 0
    with pytest.raises(ConfigError, match=rf"^stretch: expected a multiple of {unit}, "):
        NetworkConfig(critic_channels=widths, stretch=100 * unit + 4)


@pytest.mark.parametrize("constants", [(), (16,), (250.0, 2000.0), (1e6,) * 8, (99.0, 99.0)])
def test_slow_noise(constants) -> None:
    assert NetworkConfig(slow_noise=constants).slow_noise == constants


@pytest.mark.parametrize(
    "constants",
    [
        *[(15.9,), (250.0, 0.0), (-250.0,), (1e6 + 1,), (math.nan,), (math.inf,), (99.0,) * 9],
        *[[250.0], 250.0, None, ("250",), (None,), (True,), ((250.0,),)],
    ],
)
def test_other_slow_noise_is_refused(constants) -> None:
    with pytest.raises(ConfigError, match=r"^slow_noise: expected "):
        NetworkConfig(slow_noise=constants)


@pytest.mark.parametrize("window", [128, 192, 4096])
def test_windows(window) -> None:
    assert make(Config, window=window, network=NetworkConfig()).window == window


@pytest.mark.parametrize("window", [64, 127, 130, 4112, True, 128.0, "128", None])
def test_a_window_is_long_enough_and_can_be_halved_by_each_layer(window) -> None:
    network = NetworkConfig(critic_channels=(4,) * 4)
    with pytest.raises(ConfigError, match=r"^window: expected a (whole number|multiple of 16)"):
        Config(window=window, network=network)


@pytest.mark.parametrize("device", ["auto", "cpu", "cuda", "mps"])
def test_devices(device) -> None:
    assert Config(device=device).device == device


@pytest.mark.parametrize("device", ["gpu", "CPU", "", None, 0])
def test_other_devices_are_refused_with_the_choices(device) -> None:
    with pytest.raises(ConfigError, match=r"^device: expected one of auto, cpu, cuda, mps, got"):
        Config(device=device)


@pytest.mark.parametrize("holdout", ["auto", "2016-01-01"])
def test_a_holdout_may_be_a_word_or_date(holdout) -> None:
    assert Config(holdout=holdout).holdout == holdout


def test_a_run_may_be_given_time_in_place_of_steps() -> None:
    assert TrainingConfig(steps=None).steps is None


def test_the_default_objective_exists() -> None:
    assert TrainingConfig().objective in OBJECTIVES


@pytest.mark.parametrize("kind", KINDS)
def test_a_configuration_is_frozen(kind) -> None:
    configuration = kind()
    with pytest.raises(FrozenInstanceError):
        setattr(configuration, fields(kind)[0].name, 1)


def test_an_error_is_one_of_tsgan_and_a_value_error() -> None:
    with pytest.raises(TsganError):
        Config(seed=-1)
    with pytest.raises(ValueError, match="seed"):
        Config(seed=-1)


@pytest.mark.parametrize(
    "config",
    [
        Config(),
        Config(
            window=256,
            holdout="2015-06-30",
            seed=2**63 - 1,
            device="cuda",
            network=NetworkConfig(
                channels=3, critic_channels=(5, 6), scales=(1, 8), slow_noise=(99.5, 16.0)
            ),
            training=TrainingConfig(steps=7, learning_rate=1 / 3, beta1=0.5),
        ),
    ],
)
def test_json_gives_the_configuration_back(config) -> None:
    assert Config.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@pytest.mark.parametrize("part", [(), ("network",), ("training",)])
def test_missing_and_unknown_settings_are_named(part) -> None:
    values = Config().to_dict()
    inner = values
    for name in part:
        inner = inner[name]
    name, value = next((k, v) for k, v in inner.items() if k not in ADDED)
    del inner[name]
    inner["colour"] = value
    with pytest.raises(ConfigError, match=rf"missing \['{name}'\], unknown \['colour'\]"):
        Config.from_dict(values)


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("network", None, 3),
        ("training", None, [1]),
        ("network", "critic_channels", 16),
        ("network", "critic_channels", "ab"),
        ("network", "critic_channels", None),
        ("network", "scales", 4),
        ("network", "scales", {"a": 1}),
        ("network", "slow_noise", 250.0),
        ("network", "slow_noise", "none"),
        ("network", "slow_noise", [[250.0]]),
        ("training", "batch", "many"),
        ("training", "steps", 1.5),
    ],
)
def test_values_that_are_no_settings_are_refused(part, name, value) -> None:
    values = Config().to_dict()
    if name is None:
        values[part] = value
    else:
        values[part][name] = value
    with pytest.raises(ConfigError, match="expected"):
        Config.from_dict(values)


@pytest.mark.parametrize("values", [None, 3, [], "config"])
def test_a_configuration_is_read_from_an_object(values) -> None:
    with pytest.raises(ConfigError, match="Config: expected a JSON object"):
        Config.from_dict(values)
