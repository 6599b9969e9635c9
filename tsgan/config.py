"""Every default of tsgan, in frozen dataclasses that check themselves at birth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from itertools import pairwise
from typing import Any, Self

from tsgan.errors import ConfigError
from tsgan.requirements import require, require_choice, require_int, require_real

AUTO_HOLDOUT = 252
"""Returns that are held out unless the user says otherwise: a year of business days."""

AUTO_SHARE = 15
"""A series that is shorter than so many times that is learned to its end."""

OPTIMIZERS = ("adam", "rmsprop", "sgd")
SCHEDULES = ("constant", "linear", "cosine")
PRECISIONS = ("auto", "float32", "bfloat16", "float16")
DEVICES = ("auto", "cpu", "cuda", "mps")
STACKS = ("residual", "gated")

ADDED = {"stack", "optimizer", "schedule", "max_gradient_norm", "clip", "precision"}
ADDED |= {"conditions", "labels", "bars", "calendar"}
ADDED |= {"critic_rate", "fresh_fakes", "log_every", "patience", "scales", "stretch", "slow_noise"}
ADDED |= {"information_weight", "average_parts"}
"""Settings that models of the first format may lack."""

RENAMED = {"paths": "batch"}
"""Settings that earlier models call otherwise."""

REMOVED = {"block", "windows_per_path"}
"""Settings of earlier models that concerned their critic alone."""


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes of the generator and of the critic's heads.

    Attributes:
        stack: the generator's causal stack: ``residual`` blocks, or WaveNet's ``gated`` ones.
        channels: its width.
        layers: dilated layers of kernel 2, dilations 1, 2, 4, …; receptive field 2**layers.
        noise_channels: Gaussian channels that the generator hears at each step.
        slow_noise: time constants, in steps, of further channels that change slowly, so that a
            market may stay calm or wild for longer than the receptive field.
        innovation_width: hidden width of the innovation network h.
        critic_channels: output channels of each strided layer; each halves the length.
        critic_kernel: kernel of the critics' strided causal convolutions.
        critic_dense: width of the dense layer before the score.
        scales: steps that each head sees as one; those that do not fit into the paths are left out.
        stretch: blocks of its scale that a head sees of a path at most.
    """

    stack: str = "residual"
    channels: int = 16
    layers: int = 9
    noise_channels: int = 3
    slow_noise: tuple[float, ...] = (250.0, 2000.0)
    innovation_width: int = 16
    critic_channels: tuple[int, ...] = (16, 32, 64)
    critic_kernel: int = 5
    critic_dense: int = 64
    scales: tuple[int, ...] = (1, 4, 16, 64)
    stretch: int = 512

    def __post_init__(self) -> None:
        require_choice("stack", self.stack, STACKS)
        require_int("channels", self.channels, 1, 1024)
        require_int("layers", self.layers, 1, 14)
        require_int("noise_channels", self.noise_channels, 1, 256)
        require_int("innovation_width", self.innovation_width, 1, 1024)
        slow = self.slow_noise
        require(isinstance(slow, tuple) and len(slow) <= 8, "slow_noise", "up to eight", slow)
        for constant in slow:
            require_real("slow_noise", constant, 16, 1e6)
        for name in ("critic_channels", "scales"):
            sizes = getattr(self, name)
            fits = isinstance(sizes, tuple) and 1 <= len(sizes) <= 8
            require(fits, name, "one to eight whole numbers", sizes)
            for size in sizes:
                require_int(name, size, 1, 1024)
        rising = self.scales[0] == 1 and all(a < b for a, b in pairwise(self.scales))
        fits = rising and all(scale & (scale - 1) == 0 for scale in self.scales)
        require(fits, "scales", "1 and then larger powers of two", self.scales)
        require_int("critic_kernel", self.critic_kernel, 2, 64)
        require_int("critic_dense", self.critic_dense, 1, 4096)
        require_int("stretch", self.stretch, 64, 2**20)
        unit = 2 ** len(self.critic_channels)
        fits = self.stretch % unit == 0
        require(fits, "stretch", f"a multiple of {unit}, since each layer halves it", self.stretch)


@dataclass(frozen=True)
class TrainingConfig:
    """How long and how the two networks are trained.

    Attributes:
        objective: name in ``tsgan.objectives.OBJECTIVES``.
        steps: generator steps; None trains for ``max_seconds`` instead. Only a run of a given
            number of steps is reproducible to the byte.
        max_seconds: training time when ``steps`` is None.
        batch: unconditional paths, each up to ``path_length`` steps long, or images in a batch; of
            several assets half as many paths, and half as many windows, since each has all of them.
        path_length: longest path that the critics see.
        conditional_windows: windows in a batch whose realised volatility is given.
        condition_jitter: sd of the noise on the given log volatility, so that the generator is
            asked for what it can reach: a path never realises a volatility exactly.
        critic_steps: critic steps for each generator step.
        fresh_fakes: draw new fakes for the generator's step, as the papers do; otherwise it learns
            by those that the critic has seen last, which saves a quarter of the time.
        optimizer: ``adam``, ``rmsprop`` or ``sgd``, of both networks.
        learning_rate: of the generator, held until ``decay_from`` of the run.
        critic_rate: the critic's rate as a multiple of that (two time scales, Heusel et al. 2017):
            it keeps up with the generator in fewer steps.
        schedule: how the rate then goes down to ``final_rate`` of itself: ``linear`` or ``cosine``;
            ``constant`` holds it to the end.
        beta1: decay rate of Adam's first moment, momentum of the others.
        beta2: decay rate of Adam's second moment and of RMSProp's mean square.
        max_gradient_norm: longer gradients of a network are scaled down to this norm; None leaves
            them as they are.
        penalty_weight: λ of the gradient penalty of ``wgan-gp``.
        information_weight: λ of the mutual information of a latent code and what is made of it.
        clip: c, the bound on each of the critic's weights in ``wgan``.
        average: decay of the exponential moving average of the generator's weights; 0 for none.
        average_parts: of so many parts of the steps so far it spans one at most.
        precision: of the forward passes: ``float32``, ``bfloat16`` or ``float16``; ``auto`` is
            bfloat16, or float16 where there is none, on CUDA, and float32 elsewhere. Weights,
            their steps and the penalty are in float32 always.
        log_every: steps between two looks at the losses, which wait for the device.
        check_every: held-out scores are taken at this many evenly spaced points of the run.
        patience: the run ends early after so many checks without a lower held-out score, and then
            all checks compete for the checkpoint; None trains to the end.
        score_from: part of the run after which a checkpoint may be chosen. A year of held-out
            returns tells a collapse from a fit, but not an early fit from a late one, whose tails
            and memory are better: so only settled weights compete.
        divergence: a score, a penalty or a norm of the generator beyond this, or one that is not
            finite, counts as diverged.
    """

    objective: str = "wgan-gp"
    steps: int | None = None
    max_seconds: float = 300.0
    batch: int = 12
    path_length: int = 1024
    conditional_windows: int = 12
    condition_jitter: float = 0.1
    critic_steps: int = 1
    fresh_fakes: bool = False
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    critic_rate: float = 3.0
    schedule: str = "linear"
    decay_from: float = 0.5
    final_rate: float = 0.05
    beta1: float = 0.0
    beta2: float = 0.9
    max_gradient_norm: float | None = None
    penalty_weight: float = 10.0
    information_weight: float = 1.0
    clip: float = 0.01
    average: float = 0.995
    average_parts: int = 9
    precision: str = "auto"
    log_every: int = 10
    check_every: int = 20
    patience: int | None = None
    score_from: float = 0.9
    divergence: float = 1e6

    def __post_init__(self) -> None:
        if self.steps is not None:
            require_int("steps", self.steps, 1, 10**9)
        require_real("max_seconds", self.max_seconds, 1e-3, 1e9)
        require_int("batch", self.batch, 1, 4096)
        require_int("path_length", self.path_length, 1, 2**20)
        require_int("conditional_windows", self.conditional_windows, 1, 4096)
        require_real("condition_jitter", self.condition_jitter, 0, 2)
        require_int("critic_steps", self.critic_steps, 1, 100)
        require(
            isinstance(self.fresh_fakes, bool), "fresh_fakes", "true or false", self.fresh_fakes
        )
        require_choice("optimizer", self.optimizer, OPTIMIZERS)
        require_real("learning_rate", self.learning_rate, 1e-12, 1)
        require_real("critic_rate", self.critic_rate, 1e-3, 1e3)
        require_choice("schedule", self.schedule, SCHEDULES)
        require_real("decay_from", self.decay_from, 0, 1)
        require_real("final_rate", self.final_rate, 0, 1)
        require_real("beta1", self.beta1, 0, 0.9999)
        require_real("beta2", self.beta2, 0, 0.999999)
        if self.max_gradient_norm is not None:
            require_real("max_gradient_norm", self.max_gradient_norm, 1e-12, 1e12)
        require_real("penalty_weight", self.penalty_weight, 0, 1e6)
        require_real("information_weight", self.information_weight, 0, 1e6)
        require_real("clip", self.clip, 1e-6, 1e3)
        require_real("average", self.average, 0, 0.999999)
        require_int("average_parts", self.average_parts, 1, 1000)
        require_choice("precision", self.precision, PRECISIONS)
        require_int("log_every", self.log_every, 1, 10_000)
        require_int("check_every", self.check_every, 1, 10_000)
        if self.patience is not None:
            require_int("patience", self.patience, 1, 10_000)
        require_real("score_from", self.score_from, 0, 1)
        require_real("divergence", self.divergence, 1, 1e30)


@dataclass(frozen=True)
class Config:
    """The whole configuration of a model.

    Attributes:
        window: steps whose volatility is given at once, at least 128.
        holdout: the end of the series, kept from training to choose the checkpoint: a fraction of
            the returns, or its first date as ``YYYY-MM-DD``; 0 keeps nothing and takes the last
            weights; ``auto`` keeps ``AUTO_HOLDOUT`` returns, or one window if that is longer, of a
            series ``AUTO_SHARE`` times as long, and nothing of a shorter one, which needs them.
        seed: every random stream of the run starts from it.
        conditions, labels: what paths can be given besides a volatility, as ``--condition`` and
            ``--label`` take it, see ``tsgan.condition_requests``.
        bars: learn open, high, low and volume as well.
        calendar: how the dates go on: ``auto``, ``business days``, ``24/7`` or an exchange.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        network, training: the settings of the two parts.
    """

    window: int = 128
    holdout: float | str = "auto"
    seed: int = 0
    device: str = "auto"
    conditions: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    bars: bool = False
    calendar: str = "auto"
    network: NetworkConfig = field(default_factory=NetworkConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def __post_init__(self) -> None:
        require_int("window", self.window, 128, 4096)
        halvings = 2 ** len(self.network.critic_channels)
        require(
            self.window % halvings == 0,
            "window",
            f"a multiple of {halvings}, since each critic layer halves it",
            self.window,
        )
        if not isinstance(self.holdout, str):
            require_real("holdout", self.holdout, 0, 0.5)
        require_int("seed", self.seed, 0, 2**63 - 1)
        require_choice("device", self.device, DEVICES)
        for name in ("conditions", "labels"):
            texts = getattr(self, name)
            fits = isinstance(texts, tuple) and all(isinstance(text, str) for text in texts)
            require(fits, name, "texts", texts)
        require(isinstance(self.bars, bool), "bars", "true or false", self.bars)
        require(isinstance(self.calendar, str), "calendar", "a name", self.calendar)

    def to_dict(self) -> dict[str, Any]:
        """Return the configuration as JSON types."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return the configuration of ``to_dict``, of this version of tsgan or of an earlier one.

        A setting that an earlier version did not know has the default, but for those that stand
        for what it did: no slow noise, one rate of both networks, fresh fakes.

        Raises:
            ConfigError: for settings that are unknown.
        """
        values = checked(cls, values)
        network = {"slow_noise": (), **checked(NetworkConfig, values["network"])}
        for name, value in network.items():
            network[name] = tuple(value) if isinstance(value, list) else value
        earlier = {"critic_rate": 1.0, "fresh_fakes": True}
        training = {**earlier, **checked(TrainingConfig, values["training"])}
        texts = {name: tuple(values.get(name, ())) for name in ("conditions", "labels")}
        return cls(
            **{
                **values,
                **texts,
                "network": NetworkConfig(**network),
                "training": TrainingConfig(**training),
            }
        )


def checked(kind: type, values: object) -> dict[str, Any]:
    """Return the settings of ``kind``; ConfigError if some are missing or unknown."""
    if not isinstance(values, Mapping):
        raise ConfigError(f"{kind.__name__}: expected a JSON object, got {type(values).__name__}")
    named = {str(name): value for name, value in values.items()}
    values = {RENAMED.get(k, k): value for k, value in named.items() if k not in REMOVED}
    missing, unknown = _names(kind) - ADDED - set(values), set(values) - _names(kind)
    if missing or unknown:
        raise ConfigError(f"{kind.__name__}: missing {sorted(missing)}, unknown {sorted(unknown)}")
    return values


def _names(kind: type) -> set[str]:
    return {item.name for item in fields(kind)}
