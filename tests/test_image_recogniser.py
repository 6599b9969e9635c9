from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812
from toys import assert_same_state

from tsgan.conditioning import ConditionLayout
from tsgan.config import TrainingConfig
from tsgan.data.image_sets import Images, ImageSets
from tsgan.errors import ConfigError
from tsgan.images.code_meanings import (
    ClassMeaning,
    class_error,
    class_meanings,
    code_meanings,
    number_meanings,
)
from tsgan.images.config import ImageConfig, ImageNetworkConfig
from tsgan.images.model import ImageGAN
from tsgan.images.networks import make_networks
from tsgan.images.recogniser import DISTORTIONS, NUMBER_SHARE, SLOWER, ImageRecogniser
from tsgan.images.shapes import SHAPES, height, ink, slant, stroke, width
from tsgan.information import draw_codes, entropy
from tsgan.seeding import initial_weights, torch_generator
from tsgan.steps import Batch
from tsgan.trainer import Trainer

LAYOUT = ConditionLayout(codes=4, code_numbers=2)
NETWORK = ImageNetworkConfig(
    noise=6,
    embedding=5,
    generator_dense=64,
    generator_channels=(8, 6),
    critic_channels=(4, 5),
    critic_dense=8,
)
SIDE = 28


def recogniser(layout: ConditionLayout = LAYOUT, weight: float = 1.0) -> ImageRecogniser:
    with initial_weights(0):
        return ImageRecogniser(layout, weight)


def normal(*shape: int, name: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch_generator(6, name))


def rows(batch: int, layout: ConditionLayout = LAYOUT) -> Tensor:
    code, numbers = draw_codes(batch, layout.codes, layout.code_numbers, torch_generator(8))
    return layout.pack(batch, code=code, code_numbers=numbers)


# The recogniser


def test_a_guess_is_that_of_torchs_convolutions() -> None:
    q, x = recogniser(), normal(5, 1, SIDE, SIDE)
    w = {name: weight.detach() / SLOWER for name, weight in q.named_parameters()}
    first = w["first.weight"].reshape(-1, 1, 4, 4)
    y = F.leaky_relu(F.conv2d(x, first, w["first.bias"], stride=2, padding=1), 0.1)
    y = F.leaky_relu(F.conv2d(y, w["second.weight"], w["second.bias"], stride=2, padding=1), 0.1)
    y = y.permute(0, 2, 3, 1).flatten(1)
    y = F.leaky_relu(F.linear(y, w["hidden.weight"], w["hidden.bias"]), 0.1)
    expected = F.linear(y, w["answer.weight"], w["answer.bias"])
    known, numbers = q.guess(x, batch=2)
    torch.testing.assert_close(known, torch.log_softmax(expected[:, :4], dim=1))
    torch.testing.assert_close(numbers, expected[:, 4:6])
    assert not known.requires_grad and not numbers.requires_grad


@pytest.mark.parametrize("layout", [
    LAYOUT, ConditionLayout(codes=4), ConditionLayout(code_numbers=2)
], ids=str)  # fmt: skip
def test_the_loss_of_a_guess_that_knows_nothing_is_the_entropy_of_the_code(layout) -> None:
    q = recogniser(layout, weight=0.5)
    torch.nn.init.zeros_(q.answer.weight)
    torch.nn.init.zeros_(q.answer.bias)
    given = rows(500, layout)
    loss = float(q([(torch.zeros(500, 1, SIDE, SIDE), given)]).detach())
    by_class = entropy(layout.codes, 0)
    # −E log N(u; 0, 1) of u uniform in [−1, 1], whose mean square is 1/3
    by_number = layout.code_numbers * (0.5 * math.log(2 * math.pi) + 1 / 6)
    assert loss == pytest.approx(0.5 * (by_class + NUMBER_SHARE * by_number), rel=0.02)


def test_the_loss_is_linear_in_its_weight_and_the_mean_over_parts() -> None:
    x, given = normal(6, 1, SIDE, SIDE), rows(6)
    whole = recogniser()([(x, given)])
    torch.testing.assert_close(recogniser(weight=3.0)([(x, given)]), 3 * whole)
    parts = [(x[:2], given[:2]), (x[2:], given[2:])]
    torch.testing.assert_close(recogniser()(parts), whole)


def test_distortions_are_small_all_different_and_need_no_random_numbers() -> None:
    q = recogniser()
    maps = q.distortions
    assert maps.shape == (DISTORTIONS, 2, 3) and len({str(m) for m in maps}) == DISTORTIONS
    eye = torch.tensor([[1.0, 0, 0], [0, 1, 0]])
    assert float((maps - eye).abs().max()) < 0.7
    assert float((maps.mean(dim=0) - eye).abs().max()) < 0.03
    state = torch.random.get_rng_state()
    q([(normal(3, 1, SIDE, SIDE), rows(3))])
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.equal(ImageRecogniser(LAYOUT).distortions, maps)
    assert not any("distortions" in name for name in q.state_dict())


def test_a_distorted_image_is_moved_as_its_map_says() -> None:
    q = recogniser()
    q.distortions[0] = torch.tensor([[1.0, 0, 4 / SIDE], [0, 1, 0]])  # to the left by two pixels
    q.distortions[1] = torch.tensor([[1.0, 0, 0], [0, 1, 0]])
    x = -torch.ones(2, 1, SIDE, SIDE)
    x[:, 0, 10, 12] = 1
    moved = q._distorted(x)
    expected = x.clone()
    expected[0] = -1
    expected[0, 0, 10, 10] = 1
    torch.testing.assert_close(moved, expected, atol=1e-5, rtol=0)


def test_the_class_is_sought_in_distorted_images_and_the_numbers_in_plain_ones() -> None:
    x = normal(8, 1, SIDE, SIDE)
    plain, other = recogniser(), recogniser()
    other.distortions.copy_(torch.tensor([[0.5, 0, 0], [0, 0.5, 0]]))
    for layout, same in [(LAYOUT, False), (ConditionLayout(code_numbers=2), True)]:
        losses = []
        for distortions in (plain.distortions, other.distortions):
            q = recogniser(layout)
            q.distortions.copy_(distortions)
            losses.append(float(q([(x, rows(8, layout))]).detach()))
        assert (losses[0] == losses[1]) == same


def batches(stream: torch.Generator) -> Batch:
    code, numbers = draw_codes(8, LAYOUT.codes, LAYOUT.code_numbers, stream)
    images = torch.tanh(torch.randn(8, 1, SIDE, SIDE, generator=stream))
    return [(images, LAYOUT.pack(8, code=code, code_numbers=numbers))]


def trainer(steps: int = 6, weight: float = 1.0) -> Trainer:
    with initial_weights(0):
        generator, critic = make_networks(NETWORK, LAYOUT)
        q = ImageRecogniser(LAYOUT, weight)
    training = TrainingConfig(
        steps=steps, batch=8, check_every=3, log_every=1, learning_rate=8e-3, critic_rate=0.25
    )
    return Trainer(generator, critic, batches, training, torch_generator(7), recogniser=q)


@pytest.mark.parametrize("done", [1, 4])
def test_interrupted_and_resumed_equals_uninterrupted(done) -> None:
    whole, first, second = trainer(), trainer(), trainer()
    whole.run()
    first.run(stop=lambda: first.step == done)
    second.load_state(*first.state())
    second.run()
    assert_same_state(whole, second)


def test_a_run_teaches_both_the_code() -> None:
    """The guess of a fresh pair is blind; the pair learns a code within some hundred steps."""
    run = trainer(300, weight=5.0)
    given = rows(400)
    noise = normal(400, 6)

    def found() -> tuple[float, float]:
        with torch.no_grad():
            images = run.generator(noise, given)
        known, numbers = run.recogniser.guess(images)
        right = known.argmax(1) == LAYOUT.codes_of(given)[:, :4].argmax(1)
        true = LAYOUT.codes_of(given)[:, 4]
        return right.float().mean().item(), float(
            torch.corrcoef(torch.stack([numbers[:, 0], true]))[0, 1]
        )

    before, _ = found()
    run.run()
    after, correlation = found()
    assert before < 0.45 and after > 0.9 and correlation > 0.3


# Measures of shapes


def bar(degrees: float = 0.0, half_width: float = 1.5, half_height: float = 8.0) -> np.ndarray:
    """An upright bar in the middle, sheared by an angle, drawn with soft edges."""
    rows, columns = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    across = columns + math.tan(math.radians(degrees)) * rows
    inside = np.clip(half_width + 0.5 - np.abs(across), 0, 1)
    return (inside * np.clip(half_height + 0.5 - np.abs(rows), 0, 1)).astype(np.float32)


def test_slant_is_the_tangent_of_the_angle_and_positive_to_the_right() -> None:
    angles = [-30.0, -10.0, 0.0, 20.0]
    found = slant(np.stack([bar(angle) for angle in angles]))
    expected = [math.tan(math.radians(angle)) for angle in angles]
    assert found == pytest.approx(expected, abs=0.01)


def test_width_and_height_are_those_of_the_upright_shape() -> None:
    images = np.stack([bar(0, 3, 8), bar(25, 3, 8), bar(0, 6, 4)])
    assert width(images) == pytest.approx([3 / 3**0.5, 3 / 3**0.5, 6 / 3**0.5], rel=0.04)
    assert height(images) == pytest.approx([8 / 3**0.5, 8 / 3**0.5, 4 / 3**0.5], rel=0.04)


def test_stroke_is_the_width_of_a_long_line() -> None:
    long = [bar(0, half, 12) for half in (1.0, 2.0)]
    assert stroke(np.stack(long)) == pytest.approx([2 * 24 / 26, 4 * 24 / 28], rel=0.06)


def test_ink_is_the_mean_and_an_empty_image_has_no_shape() -> None:
    images = np.stack([np.zeros((SIDE, SIDE), np.float32), np.full((SIDE, SIDE), 0.25, np.float32)])
    assert ink(images).tolist() == [0.0, 0.25]
    for name, measure in SHAPES.items():
        found = measure(images)
        assert math.isfinite(found[1])
        assert found[0] == 0 if name == "ink" else math.isnan(found[0])


# What codes mean


def images_of(labels: list[int] | None, count: int = 0) -> Images:
    count = count if labels is None else len(labels)
    pixels = np.zeros((count, SIDE, SIDE), np.uint8)
    if labels is None:
        return Images(pixels)
    return Images(pixels, np.array(labels, np.int64), ("a", "b", "c"))


def test_each_class_of_the_code_stands_for_its_most_frequent_label() -> None:
    found = np.array([0, 0, 0, 1, 1, 3, 3, 3, 3, 3])
    training = images_of([2, 2, 0, 1, 1, 1, 1, 1, 0, 2])
    meanings = class_meanings(found, training, 4)
    assert meanings == (
        ClassMeaning(0.3, "c", pytest.approx(2 / 3)),
        ClassMeaning(0.2, "b", 1.0),
        ClassMeaning(0.0, None, None),
        ClassMeaning(0.5, "b", 0.6),
    )
    test = images_of([2, 1, 1, 0, 1])
    assert class_error(meanings, np.array([0, 0, 1, 2, 3]), test) == pytest.approx(2 / 5)


def test_without_labels_the_shares_alone_are_told() -> None:
    meanings = class_meanings(np.array([0, 2, 2, 2]), images_of(None, 4), 3)
    assert meanings == (ClassMeaning(0.25), ClassMeaning(0.0), ClassMeaning(0.75))
    with pytest.raises(ConfigError, match="labels"):
        class_error(meanings, np.array([0]), images_of(None, 1))


def test_a_number_is_known_by_what_it_changes_within_a_class() -> None:
    draws = np.random.default_rng(0)
    codes = draws.integers(0, 2, 400)
    numbers = draws.uniform(-1, 1, (400, 2)).astype(np.float32)
    images = np.stack([
        bar(20 * n[0] + 40 * code - 20, half_width=2 + 0.8 * n[1])
        for code, n in zip(codes, numbers, strict=True)
    ])  # fmt: skip
    first, second = number_meanings(images, codes, numbers)
    assert first["slant"] > 0.99 and abs(first["stroke"]) < 0.15
    assert second["stroke"] > 0.85 and second["ink"] > 0.99 and abs(second["slant"]) < 0.15
    mixed, _ = number_meanings(images, None, numbers)
    assert mixed["slant"] < 0.6
    assert number_meanings(np.stack([bar()] * 4), None, numbers[:4])[0]["slant"] is None


@pytest.fixture(scope="module")
def fitted() -> tuple[ImageGAN, ImageSets]:
    draws = np.random.default_rng(0)
    pixels = (255 * np.stack([bar(angle) for angle in draws.uniform(-30, 30, 60)])).astype(np.uint8)
    labels = draws.integers(0, 2, 60)
    sets = ImageSets(
        Images(pixels[:50], labels[:50], ("left", "right")),
        Images(pixels[50:], labels[50:], ("left", "right")),
    )
    training = TrainingConfig(steps=3, batch=8, check_every=1)
    config = ImageConfig(codes=3, code_numbers=2, network=NETWORK, training=training)
    return ImageGAN(config).fit(sets), sets


def test_meanings_of_a_model_are_those_of_its_guesses_and_samples(fitted) -> None:
    model, sets = fitted
    found = code_meanings(model, sets, samples=40)
    learned, tested = (
        model.recognise(images.pixels.astype(np.float32) / 255)[0].argmax(1)
        for images in (sets.training, sets.test)
    )
    assert found.classes == class_meanings(learned, sets.training, 3)
    assert found.error == class_error(found.classes, tested, sets.test)
    assert sum(meaning.images for meaning in found.classes) == pytest.approx(1)
    drawn = model.given(None).draw(range(40), 0)
    assert found.numbers == number_meanings(model.sample(40, seed=0), drawn.codes, drawn.numbers)
    assert len(found.numbers) == 2 and found.numbers[0].keys() == SHAPES.keys()


def test_meanings_are_told_in_lines_and_as_json_types(fitted) -> None:
    model, sets = fitted
    found = code_meanings(model, sets, samples=40)
    lines = found.lines
    starts = ["code 0", "code 1", "code 2", "error", "c1", "c2"]
    assert [line[: len(start)] for line, start in zip(lines, starts, strict=True)] == starts
    assert "10 test images" in lines[3]
    assert found.to_dict()["classes"][0].keys() == {"images", "label", "share"}


def test_without_labels_there_is_no_error_to_tell(fitted) -> None:
    model, sets = fitted
    bare = ImageSets(sets.training.without_labels(), sets.test.without_labels())
    found = code_meanings(model, bare, samples=40)
    assert found.error is None and {meaning.label for meaning in found.classes} == {None}
    assert len(found.lines) == 5


def test_a_model_without_codes_is_refused(fitted) -> None:
    _, sets = fitted
    config = ImageConfig(network=NETWORK, training=TrainingConfig(steps=1, batch=4))
    with pytest.raises(ConfigError, match=r"latent code.*--codes"):
        code_meanings(ImageGAN(config).fit(sets), sets)
