"""Training settings of each network and objective on images, where they are not the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tsgan.config import TrainingConfig
from tsgan.errors import ConfigError
from tsgan.images.config import NETWORKS, ImageConfig, ImageNetworkConfig
from tsgan.objectives import OBJECTIVES, PRESETS
from tsgan.objectives import preset as series_preset

Settings = Mapping[str, Any]

COMMON: Settings = {
    "max_seconds": 600.0,
    "batch": 64,
    "critic_steps": 1,
    "learning_rate": 5e-4,
    "beta1": 0.5,
    "beta2": 0.9,
    "average": 0.999,
}

OF_OBJECTIVES: Mapping[str, Settings] = {
    "wgan-gp": {"critic_rate": 2.0},
    "wgan": {"optimizer": "rmsprop", "beta1": 0.0, "critic_rate": 1.0, "critic_steps": 5},
    "gan": {"learning_rate": 2e-4, "critic_rate": 1.0, "beta2": 0.999},
    "gan-minimax": {"learning_rate": 2e-4, "critic_rate": 1.0, "beta2": 0.999},
    "lsgan": {"learning_rate": 2e-4, "critic_rate": 1.0, "beta2": 0.999},
}

UNCONSTRAINED = ("gan", "gan-minimax", "lsgan")

OF_PAIRS: Mapping[tuple[str, str], Settings] = {
    ("slim", "wgan-gp"): {
        "critic_steps": 2,
        "learning_rate": 3.75e-3,
        "critic_rate": 0.5,
        "beta1": 0.0,
        "schedule": "constant",
        "average": 0.99,
        "average_parts": 64,
    },
    **{("slim", kind): {"learning_rate": 4e-3, "critic_rate": 1.0} for kind in UNCONSTRAINED},
    **{("dcgan", kind): {"learning_rate": 3e-3, "critic_rate": 1.0} for kind in UNCONSTRAINED},
    ("dcgan", "wgan-gp"): {"learning_rate": 3e-3, "critic_rate": 1.0, "beta1": 0.0},
    ("progressive", "wgan-gp"): {"learning_rate": 8e-3, "critic_rate": 0.25, "beta1": 0.0},
    ("wgan", "wgan-gp"): {
        "learning_rate": 5e-4,
        "critic_rate": 1.0,
        "average": 0.0,
        "schedule": "constant",
    },
}
"""Of a network with an objective."""


GROUPS: Mapping[str, int] = {"slim": 600}
"""Of networks that are told groups of images, see ``ImageConfig.groups``; none beside codes."""


def image_config(
    network: ImageNetworkConfig | None = None,
    objective: str = "wgan-gp",
    name: str = "tuned",
    **whole: Any,
) -> ImageConfig:
    """Return the usual configuration of a network and an objective on images.

    >>> image_config(labels=True).groups
    600

    Args:
        network: default: ``slim``; objective, name: as for ``preset``.
        whole: further settings of ``ImageConfig``.
    """
    network = ImageNetworkConfig() if network is None else network
    coded = whole.get("codes") or whole.get("code_numbers")
    usual = {
        "groups": 0 if coded else GROUPS.get(network.kind, 0),
        "training": preset(network.kind, objective, name),
    }
    return ImageConfig(network=network, **{**usual, **whole})


def preset(network: str, objective: str = "wgan-gp", name: str = "tuned") -> TrainingConfig:
    """Return training settings of a network and an objective on images.

    Args:
        network: one of ``NETWORKS``; objective: one of ``OBJECTIVES``.
        name: ``tuned``, tsgan's own, or those that the objective's ``paper`` prints.

    Raises:
        ConfigError: for another name.
    """
    for what, given, known in (
        ("network", network, NETWORKS),
        ("objective", objective, tuple(OBJECTIVES)),
        ("preset", name, PRESETS),
    ):
        if given not in known:
            raise ConfigError(f"{what}: expected one of {', '.join(known)}, got {given!r}")
    if name == "paper":
        return TrainingConfig(
            **{**series_preset(objective, name), "max_seconds": COMMON["max_seconds"]}
        )
    own = OF_PAIRS.get((network, objective), {})
    settings = {**COMMON, **OF_OBJECTIVES[objective], **own, "objective": objective}
    return TrainingConfig(**settings)
