from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from tsgan.conditioning import ConditionLayout
from tsgan.config import TrainingConfig
from tsgan.errors import ConfigError
from tsgan.images.config import ImageConfig, ImageNetworkConfig
from tsgan.images.dcgan import DcganGenerator, DcganHead
from tsgan.images.networks import make_networks
from tsgan.seeding import initial_weights, torch_generator
from tsgan.steps import Batch
from tsgan.trainer import Trainer

SMALL = ImageNetworkConfig(
    kind="dcgan", noise=8, generator_channels=(12, 6), critic_channels=(4, 10)
)
PLAIN = replace(SMALL, batch_norm=False)
LAYOUT = ConditionLayout(labels=3)
BOTH = pytest.mark.parametrize("config", [SMALL, PLAIN], ids=["batch norm", "without"])


def networks(
    config: ImageNetworkConfig, layout: ConditionLayout = LAYOUT
) -> tuple[DcganGenerator, DcganHead]:
    with initial_weights(0):
        generator, critic = make_networks(config, layout)
    (head,) = critic.heads
    assert isinstance(generator, DcganGenerator) and isinstance(head, DcganHead)
    for network in (generator, head):  # larger weights, so that no layer's part drowns
        for name, parameter in network.named_parameters():
            if "norm" not in name:
                nn.init.normal_(parameter, std=0.3, generator=torch_generator(1, len(name)))
    return generator, head


def normal(*shape: int, name: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch_generator(6, name))


def normalised(x: Tensor, norm: nn.Module, config: ImageNetworkConfig) -> Tensor:
    if not config.batch_norm:
        return x
    return F.batch_norm(x, None, None, norm.weight, norm.bias, training=True)


@BOTH
def test_the_generator_is_that_of_torchs_transposed_convolutions(config) -> None:
    generator, _ = networks(config)
    noise, rows = normal(5, 8), LAYOUT.pack(5, label=torch.tensor([0, 1, 2, 1, 0]))
    heard = torch.cat([noise, LAYOUT.label_of(rows)], dim=1)
    y = F.linear(heard, generator.project.weight, generator.project.bias).view(5, 12, 7, 7)
    y = F.relu(normalised(y, generator.first_norm, config))
    y = F.conv_transpose2d(y, generator.rise.weight, generator.rise.bias, stride=2, padding=1)
    y = F.relu(normalised(y, generator.second_norm, config))
    kernel = generator.leave.weight.T.reshape(6, 1, 4, 4)
    expected = torch.tanh(F.conv_transpose2d(y, kernel, generator.bias, stride=2, padding=1))
    image = generator(noise, rows)
    assert image.shape == (5, 1, 28, 28) and float(image.detach().std()) > 0.1
    torch.testing.assert_close(image, expected, atol=1e-5, rtol=1e-4)


@BOTH
def test_the_critic_is_that_of_torchs_convolutions_with_a_projection(config) -> None:
    _, head = networks(config)
    x, label = normal(5, 1, 28, 28), torch.eye(3)[[0, 1, 2, 1, 0]]
    first = head.first.weight.reshape(4, 1, 4, 4)
    y = F.leaky_relu(F.conv2d(x, first, head.first.bias, stride=2, padding=1), 0.2)
    y = F.conv2d(y, head.second.weight, head.second.bias, stride=2, padding=1)
    y = F.leaky_relu(normalised(y, head.norm, config), 0.2).permute(0, 2, 3, 1).flatten(1)
    direction = head.score.weight + label @ head.projection.weight.T
    expected = (y * direction).sum(dim=1) + head.score.bias
    torch.testing.assert_close(head(x, label), expected, atol=1e-4, rtol=1e-4)


@BOTH
def test_images_of_a_batch_hear_each_other_through_batch_normalisation_alone(config) -> None:
    _, head = networks(config, ConditionLayout())
    x, nothing = normal(6, 1, 28, 28), torch.zeros(6, 0)
    alone = torch.cat([head(x[k : k + 1], nothing[:1]) for k in range(6)])
    assert torch.allclose(head(x, nothing), alone, atol=1e-4) != config.batch_norm
    assert head.coupled == config.batch_norm


def test_weights_start_as_the_paper_says() -> None:
    with initial_weights(0):
        generator, critic = make_networks(ImageNetworkConfig(kind="dcgan"), LAYOUT)
    for network in (generator, critic):
        for part in network.modules():
            for name, parameter in part.named_parameters(recurse=False):
                if name == "bias":
                    assert not parameter.any()
                else:
                    centre = 1.0 if isinstance(part, nn.BatchNorm2d) else 0.0
                    assert parameter.mean().item() == pytest.approx(centre, abs=0.01)
                    assert parameter.std().item() == pytest.approx(0.02, rel=0.3)


def test_neither_the_output_nor_the_input_layer_is_normalised() -> None:
    generator, head = networks(SMALL)
    sizes = [
        [part.num_features for part in network.modules() if isinstance(part, nn.BatchNorm2d)]
        for network in (generator, head)
    ]
    assert sizes == [[12, 6], [10]]
    plain = networks(PLAIN)
    assert not any(isinstance(p, nn.BatchNorm2d) for network in plain for p in network.modules())


@pytest.mark.parametrize("objective", ["wgan-gp"])
def test_a_penalty_for_each_image_is_refused_with_batch_normalisation(objective) -> None:
    training = TrainingConfig(objective=objective)
    with pytest.raises(ConfigError, match=r"^objective: .*batch normalisation.*--no-batch-norm"):
        ImageConfig(network=SMALL, training=training)
    assert ImageConfig(network=PLAIN, training=training).network.batch_norm is False


@pytest.mark.parametrize("kind", ["slim", "wgan", "progressive"])
def test_other_pairs_have_no_choice_of_normalisation(kind) -> None:
    with pytest.raises(ConfigError, match=r"^batch_norm: .*no choice"):
        ImageNetworkConfig(kind=kind, batch_norm=False)


@pytest.mark.parametrize(
    ("config", "objective"),
    [(SMALL, "gan"), (SMALL, "lsgan"), (SMALL, "wgan"), (PLAIN, "gan"), (PLAIN, "wgan-gp")],
)
def test_every_weight_takes_part_in_a_run(config, objective) -> None:
    with initial_weights(0):
        generator, critic = make_networks(config, LAYOUT)
    before = {
        part: {name: p.detach().clone() for name, p in network.named_parameters()}
        for part, network in (("generator", generator), ("critic", critic))
    }

    def batches(stream: torch.Generator) -> Batch:
        label = torch.randint(3, (8,), generator=stream)
        images = torch.tanh(
            torch.randn(8, 1, 28, 28, generator=stream) + label[:, None, None, None]
        )
        return [(images, LAYOUT.pack(8, label=label))]

    training = TrainingConfig(objective=objective, steps=3, batch=8, critic_steps=1)
    trainer = Trainer(generator, critic, batches, training, torch_generator(7))
    assert trainer.run()
    for part, network in (("generator", generator), ("critic", critic)):
        still = [n for n, p in network.named_parameters() if torch.equal(p, before[part][n])]
        assert still in ([], ["heads.0.score.bias"])  # a Wasserstein critic has no use for it
