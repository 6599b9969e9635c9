"""Every default of the images, in frozen dataclasses that check themselves at birth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from tsgan.conditioning import ConditionLayout
from tsgan.config import DEVICES, TrainingConfig, checked
from tsgan.requirements import require, require_choice, require_int

SIZE = 28
"""Pixels of a side of every image."""

NETWORKS = ("slim", "wgan", "dcgan", "progressive")
SLIM_CHANNELS, CHANNELS = (64, 64), (128, 64)
"""Of the generator of ``slim``, which has a dense layer before them, and of the other networks."""


@dataclass(frozen=True)
class ImageNetworkConfig:
    """Which pair of networks, and its sizes.

    Attributes:
        kind: ``slim``, the default, the classic ``wgan``, ``dcgan``, or ``progressive``.
        noise: length of the noise vector.
        embedding: length of the vector that stands for a condition in the generator.
        generator_dense: width of the layer between noise and the first pixels, in ``slim``.
        generator_channels: channels at 7 × 7 and at 14 × 14 pixels; () for the usual ones.
        critic_channels: channels after each of the critic's convolutions, which halve the image.
        critic_dense: width of a dense layer that follows; 0 for none, but in ``progressive``, which
            has one of 256 then.
        batch_norm: normalise batches in both networks of ``dcgan``; the other pairs have no choice.
    """

    kind: str = "slim"
    noise: int = 128
    embedding: int = 64
    generator_dense: int = 256
    generator_channels: tuple[int, ...] = ()
    critic_channels: tuple[int, ...] = (32, 128)
    critic_dense: int = 0
    batch_norm: bool = True

    def __post_init__(self) -> None:
        require_choice("kind", self.kind, NETWORKS)
        require_int("noise", self.noise, 1, 4096)
        require_int("embedding", self.embedding, 1, 4096)
        require_int("generator_dense", self.generator_dense, 1, 4096)
        require_int("critic_dense", self.critic_dense, 0, 4096)
        require(isinstance(self.batch_norm, bool), "batch_norm", "true or false", self.batch_norm)
        chosen = self.batch_norm or self.kind == "dcgan"
        require(chosen, "batch_norm", f"true, the networks {self.kind} have no choice", False)
        if self.generator_channels == ():
            usual = SLIM_CHANNELS if self.kind == "slim" else CHANNELS
            object.__setattr__(self, "generator_channels", usual)
        for name in ("generator_channels", "critic_channels"):
            sizes = getattr(self, name)
            fits = isinstance(sizes, tuple) and len(sizes) == 2
            require(fits, name, "two whole numbers", sizes)
            for size in sizes:
                require_int(name, size, 1, 1024)

    @property
    def couples(self) -> bool:
        """Return whether the critic's score of an image depends on the others of its batch."""
        return self.kind == "dcgan" and self.batch_norm


MOST_GROUPS, MOST_CODES, MOST_CODE_NUMBERS = 1000, 100, 16


@dataclass(frozen=True)
class ImageConfig:
    """The whole configuration of an image model; ``image_config`` has the usual settings.

    Attributes:
        labels: learn what belongs to which class, so that a class can be given.
        groups: images that look alike are put into so many groups at most before training, within
            their classes where labels are learned, and the networks are told them; 0 for none.
        codes: classes of a latent code that is found without labels (InfoGAN); 0 for none.
        code_numbers: continuous latent codes beside it.
        seed: every random stream of the run starts from it.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        network, training: the settings of the two parts.
    """

    labels: bool = False
    groups: int = 0
    codes: int = 0
    code_numbers: int = 0
    seed: int = 0
    device: str = "auto"
    network: ImageNetworkConfig = field(default_factory=ImageNetworkConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def __post_init__(self) -> None:
        require(isinstance(self.labels, bool), "labels", "true or false", self.labels)
        require_int("groups", self.groups, 0, MOST_GROUPS)
        require_int("codes", self.codes, 0, MOST_CODES)
        require(self.codes != 1, "codes", "0, or two or more classes", self.codes)
        require_int("code_numbers", self.code_numbers, 0, MOST_CODE_NUMBERS)
        require_int("seed", self.seed, 0, 2**63 - 1)
        require_choice("device", self.device, DEVICES)
        require(
            not self.network.couples or self.training.objective != "wgan-gp",
            "objective",
            "one without a penalty for each image, since batch normalisation lets the images of a "
            "batch hear each other (gan, lsgan, wgan), or --no-batch-norm, for the networks dcgan",
            self.training.objective,
        )

    def layout(self, told: int) -> ConditionLayout:
        """Return where in a row the conditions stand, of so many classes, or groups, or neither."""
        return ConditionLayout(
            labels=told,
            codes=self.codes,
            code_numbers=self.code_numbers,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the configuration as JSON types."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return the configuration of ``to_dict``.

        Raises:
            ConfigError: for settings that are missing or unknown.
        """
        values = checked(cls, values)
        network = checked(ImageNetworkConfig, values["network"])
        for name, value in network.items():
            network[name] = tuple(value) if isinstance(value, list) else value
        training = TrainingConfig(**checked(TrainingConfig, values["training"]))
        return cls(**{**values, "network": ImageNetworkConfig(**network), "training": training})
