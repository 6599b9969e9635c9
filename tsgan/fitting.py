"""From what is learned to a trainer that is ready to run: networks, batches, held-out score."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from tsgan import seeding
from tsgan.batches import SeriesBatches, SeriesConditions
from tsgan.conditioning import ConditionLayout
from tsgan.config import Config, TrainingConfig
from tsgan.critics import Critic
from tsgan.errors import ConfigError
from tsgan.networks import Generator
from tsgan.panel_calibration import correlation_root
from tsgan.preparation import Prepared
from tsgan.ranks import ALONE, Ranks
from tsgan.recognition import RegimeRecogniser
from tsgan.trainer import Trainer
from tsgan.validation import HeldOutScore


def make_trainer(
    prepared: Prepared, config: Config, device: torch.device, ranks: Ranks = ALONE
) -> Trainer:
    """Return a trainer at step 0 for ``prepared``, its networks and data on ``device``.

    Raises:
        ConfigError: if ``ranks`` cannot have equal shares of a batch.
    """
    training, channels = prepared.facts.training, prepared.returns.shape[1]
    scaled = prepared.scaler.transform(prepared.returns).astype(np.float32)
    mixing = None
    if channels > 1:
        mixing = torch.from_numpy(correlation_root(scaled[:training]).astype(np.float32))
    layout, powers = prepared.conditions.layout(channels), prepared.powers
    with seeding.initial_weights(config.seed, seeding.WEIGHTS):
        generator = Generator(config.network, channels, layout, mixing, powers)
        critic = Critic(
            config.network, config.window, prepared.path_length, channels, layout, powers
        )
        recogniser = _recogniser(prepared, config, layout) if layout.latent else None
    series = torch.from_numpy(scaled).to(device)
    return Trainer(
        generator.to(device),
        critic.to(device),
        SeriesBatches(
            series[:training],
            config.window,
            prepared.path_length,
            _batch(config.training, channels, layout.latent > 0, ranks),
            _conditions(prepared),
            prepared.training_bounds,
        ),
        config.training,
        ranks.shared(seeding.torch_generator(config.seed, seeding.TRAINING, device=device)),
        _score(series[training:], prepared, config),
        None if recogniser is None else recogniser.to(device),
        ranks,
    )


def _recogniser(prepared: Prepared, config: Config, layout: ConditionLayout) -> RegimeRecogniser:
    """Return what finds the regimes of windows again."""
    weight = config.training.information_weight
    return RegimeRecogniser(config.network, config.window, layout, prepared.volatile, weight)


def _conditions(prepared: Prepared) -> SeriesConditions:
    """Return what is given with the windows of the training part."""
    conditions = prepared.conditions
    if prepared.tracks is None:
        return SeriesConditions(measured=prepared.volatile, latent=conditions.latent)
    return SeriesConditions(
        covariates=prepared.tracks[: prepared.facts.training],
        sizes=conditions.sizes,
        held=conditions.held,
        levelled=conditions.levelled,
        units=conditions.units,
        measured=prepared.volatile,
        latent=conditions.latent,
    )


def _score(held_out: torch.Tensor, prepared: Prepared, config: Config) -> HeldOutScore | None:
    """Return the score on the longest held-out stretch; None if that does not fill a window."""
    bounds = prepared.held_out_bounds
    sizes = torch.diff(bounds)
    if not len(held_out) or int(sizes.max()) < config.window:
        return None
    own = int(sizes.argmax())
    stretch = held_out[bounds[own] : bounds[own + 1]]
    layout = prepared.conditions.layout(held_out.shape[1])
    return HeldOutScore(stretch, config.window, config.seed, layout, prepared.volatile)


def _batch(config: TrainingConfig, channels: int, coded: bool, ranks: Ranks) -> TrainingConfig:
    """Return the sizes of a batch, or of a process's share of it.

    Of several channels there are half as many paths, each of them of all. If some windows have
    codes, half as many as there are come on top, and each process has an even number.
    """
    each, shares = 1 if channels == 1 else 2, {}
    for name, unit in {"batch": 1, "conditional_windows": 2 if coded else 1}.items():
        asked, unit = getattr(config, name), unit * ranks.count
        whole = -(-asked // each)
        if ranks.count > 1 and whole % unit:
            fits = [each * unit * times for times in (whole // unit, whole // unit + 1) if times]
            raise ConfigError(
                f"{name}: expected a number of which {ranks.count} processes have equal shares, "
                f"got {asked}; take {' or '.join(map(str, fits))}, with --batch"
            )
        shares[name] = whole // ranks.count
    return replace(config, **shares)
