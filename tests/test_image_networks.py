from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from tsgan.conditioning import ConditionLayout
from tsgan.config import TrainingConfig
from tsgan.images.config import ImageNetworkConfig
from tsgan.images.generators import ImageGenerator, settle_statistics
from tsgan.images.networks import make_networks
from tsgan.images.slim import SlimGenerator
from tsgan.seeding import initial_weights, torch_generator
from tsgan.trainer import Trainer

LABELS, BATCH = 3, 6
TINY = ImageNetworkConfig(
    noise=5,
    embedding=4,
    generator_dense=7,
    generator_channels=(6, 4),
    critic_channels=(4, 5),
    critic_dense=8,
)
CLASSIC = ImageNetworkConfig(kind="wgan", noise=128)
CONFIGS = pytest.mark.parametrize("config", [TINY, CLASSIC], ids=["slim", "wgan"])
LAYOUT = ConditionLayout(labels=LABELS)
LAYOUTS = pytest.mark.parametrize(
    "layout",
    [ConditionLayout(), LAYOUT, ConditionLayout(labels=LABELS, codes=4, code_numbers=2)],
    ids=["nothing", "label", "codes"],
)


def make(config: ImageNetworkConfig = TINY, layout: ConditionLayout = LAYOUT) -> ImageGenerator:
    with initial_weights(0):
        return make_networks(config, layout)[0]


def rows_of(layout: ConditionLayout, batch: int = BATCH) -> Tensor:
    """Rows in which everything that the layout has a place for is given."""
    of = torch.arange(batch)
    return layout.pack(
        batch,
        label=of % layout.labels if layout.labels else None,
        code=of % layout.codes if layout.codes else None,
        code_numbers=torch.linspace(-1, 1, 2 * batch).view(batch, 2) if layout.codes else None,
    )


def toy_batches(stream: torch.Generator) -> list[tuple[Tensor, Tensor]]:
    """Images of one brightness each, which is their label's."""
    of = torch.randint(LABELS, (16,), generator=stream)
    x = (of - 1.0).view(-1, 1, 1, 1).expand(-1, 1, 28, 28).contiguous()
    return [(0.9 * x, LAYOUT.pack(16, label=of))]


def trained(config: ImageNetworkConfig, steps: int) -> Trainer:
    settings = TrainingConfig(steps=steps, learning_rate=3e-3, beta1=0.5, average=0.9, log_every=10)
    with initial_weights(0):
        generator, critic = make_networks(config, LAYOUT)
    trainer = Trainer(generator, critic, toy_batches, settings, torch_generator(0, 1))
    assert trainer.run()
    return trainer


@CONFIGS
@LAYOUTS
def test_images_are_28_by_28_and_between_minus_one_and_one(config, layout) -> None:
    generator, rows = make(config, layout), rows_of(layout)
    x = generator.sample_like(torch.zeros(BATCH, 1, 28, 28), rows, torch_generator(0))
    assert x.shape == (BATCH, 1, 28, 28) and x.dtype == torch.float32
    assert bool((x.abs() <= 1).all()) and len(x.flatten(1).unique(dim=0)) == BATCH


@CONFIGS
@LAYOUTS
def test_the_critic_scores_what_the_generator_makes(config, layout) -> None:
    with initial_weights(0):
        generator, critic = make_networks(config, layout)
    stream, rows = torch_generator(0), rows_of(layout)
    fakes = generator.sample_like(torch.zeros(BATCH, 1, 28, 28), rows, stream)
    ((x, told),) = critic.views([(fakes, rows)], stream)
    assert told.shape == (BATCH, layout.labels)
    loss = critic.heads[0](x, told).sum()
    of = [*generator.parameters(), *critic.parameters()]
    assert all(g is not None for g in torch.autograd.grad(loss, of))


@CONFIGS
def test_the_same_stream_gives_the_same_images_and_another_others(config) -> None:
    generator, rows, like = make(config), rows_of(LAYOUT), torch.zeros(BATCH, 1, 28, 28)
    first, again, other = (
        generator.sample_like(like, rows, torch_generator(0, name)) for name in (1, 1, 2)
    )
    assert torch.equal(first, again) and not torch.allclose(first, other)
    noise = generator.draw(BATCH, torch_generator(0, 1))
    assert noise.shape == (BATCH, config.noise)
    assert torch.equal(generator(noise, rows), first)


@CONFIGS
def test_what_is_given_changes_the_image_and_nothing_given_is_another(config) -> None:
    layout = ConditionLayout(labels=LABELS, codes=4, code_numbers=2)
    generator, stream = make(config, layout).eval(), torch_generator(0)
    noise = generator.draw(1, stream)
    label, number = torch.tensor([1]), torch.tensor([[0.5, 0.0]])
    rows = [
        layout.pack(1),
        layout.pack(1, label=label),
        layout.pack(1, label=label + 1),
        layout.pack(1, label=label, code=label),
        layout.pack(1, label=label, code_numbers=number),
    ]
    made = torch.cat([generator(noise, row) for row in rows])
    assert len(made.flatten(1).unique(dim=0)) == len(rows)


def test_the_slim_generator_is_that_of_torch_s_own_layers() -> None:
    generator = make().double()
    assert isinstance(generator, SlimGenerator)
    noise, rows = generator.draw(BATCH, torch_generator(0)).double(), rows_of(LAYOUT).double()
    heard = torch.cat([noise, generator.embedding.weight.T[torch.arange(BATCH) % LABELS]], dim=1)
    mapped = F.batch_norm(heard @ generator.mapping.weight.T, None, None, training=True).relu()
    y = (mapped @ generator.dense.weight.T).view(BATCH, 7, 7, 6).permute(0, 3, 1, 2)
    for weight in (generator.rise.weight, generator.leave.weight.T.reshape(4, 1, 4, 4)):
        y = F.relu(F.batch_norm(y, None, None, training=True))
        y = F.conv_transpose2d(y, weight, stride=2, padding=1)
    torch.testing.assert_close(generator(noise, rows), torch.tanh(y + generator.bias))


def test_the_classic_pair_is_as_its_notebooks_have_it() -> None:
    with initial_weights(0):
        generator, critic = make_networks(CLASSIC, ConditionLayout())
    shapes = [tuple(part.weight.shape) for part in generator.layers if hasattr(part, "weight")]
    assert shapes == [(128 * 7 * 7, 128), (128, 128, 4, 4), (128, 128, 4, 4), (1, 128, 3, 3)]
    strides = [part.stride for part in generator.layers if isinstance(part, nn.ConvTranspose2d)]
    assert strides == [(2, 2), (2, 2)] and isinstance(generator.layers[-1], nn.Tanh)
    for network in (generator, critic):
        assert not any("Norm" in type(part).__name__ for part in network.modules())
        for name, parameter in network.named_parameters():
            if name.endswith("bias"):
                assert not parameter.any()
            elif parameter.numel() > 10_000:
                assert float(parameter.detach().std()) == pytest.approx(0.02, rel=0.05)


def test_weights_come_from_the_seed() -> None:
    first, again = make(), make()
    for a, b in zip(first.parameters(), again.parameters(), strict=True):
        assert torch.equal(a, b)


def test_a_settled_sample_does_not_depend_on_its_batch() -> None:
    generator, rows = make(), rows_of(LAYOUT)
    settle_statistics(generator, lambda stream: rows_of(LAYOUT), torch_generator(0, 1))
    generator.eval()
    noise = generator.draw(BATCH, torch_generator(0))
    alone = generator(noise[2:3], rows[2:3])
    torch.testing.assert_close(alone, generator(noise, rows)[2:3], rtol=1e-5, atol=1e-6)


def test_statistics_settle_at_the_mean_of_those_of_the_batches() -> None:
    generator, seen = make(), []
    generator.first_norm.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    generator.eval()
    generator(torch.full((1, 5), 9.0), rows_of(LAYOUT, 1))
    seen.clear()
    settle_statistics(generator, lambda stream: rows_of(LAYOUT), torch_generator(0), batches=4)
    norm = generator.first_norm
    assert len(seen) == 4 and not generator.training and norm.momentum == 0.1
    means = torch.stack([y.mean(dim=(0, 2, 3)) for y in seen])
    variances = torch.stack([y.var(dim=(0, 2, 3)) for y in seen])
    torch.testing.assert_close(norm.running_mean, means.mean(dim=0))
    torch.testing.assert_close(norm.running_var, variances.mean(dim=0))


def test_nothing_settles_in_a_generator_without_batch_normalisation() -> None:
    generator, stream = make(CLASSIC), torch_generator(0)
    before = stream.get_state()
    settle_statistics(generator, lambda stream: rows_of(LAYOUT), stream)
    assert torch.equal(stream.get_state(), before)


def test_channels_last_weights_make_the_same_images() -> None:
    generator, rows = make(), rows_of(LAYOUT)
    noise = generator.draw(BATCH, torch_generator(0))
    expected = generator(noise, rows)
    changed = generator.to(memory_format=torch.channels_last)(noise, rows)
    torch.testing.assert_close(changed, expected, rtol=1e-5, atol=1e-6)


def test_the_same_seed_trains_to_the_same_bytes() -> None:
    first, again = (trained(TINY, 4) for _ in range(2))
    for part in ("generator", "critic", "average"):
        weights, same = (getattr(run, part).state_dict() for run in (first, again))
        assert all(torch.equal(weights[name], same[name]) for name in weights)


def test_a_short_run_learns_which_brightness_a_label_has() -> None:
    config = replace(TINY, generator_channels=(16, 8), critic_channels=(8, 8), critic_dense=32)
    rows, like = rows_of(LAYOUT, 60), torch.zeros(60, 1, 28, 28)
    apart = []
    for steps in (1, 150):
        generator = trained(config, steps).average
        settle_statistics(generator, lambda stream: rows_of(LAYOUT, 30), torch_generator(0, 2))
        made = generator.eval().sample_like(like, rows, torch_generator(0, 3))
        brightness = made.mean(dim=(1, 2, 3)).view(-1, LABELS).mean(dim=0)
        apart.append(float(brightness[2] - brightness[:2].mean()))
    assert abs(apart[0]) < 0.1 < 0.5 < apart[1]
