from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch
from toys import (
    CONFIG,
    assert_same_state,
    scores,
    series_trainer,
    toy_trainer,
)

from tsgan.errors import CheckpointError
from tsgan.objectives import OBJECTIVES, PRESETS, preset


@pytest.mark.parametrize("make", [toy_trainer, series_trainer])
@pytest.mark.parametrize("done", [0, 1, 3, 7])
def test_interrupted_and_resumed_equals_uninterrupted_bit_for_bit(make, done) -> None:
    whole, first, second = make(), make(), make()
    assert whole.run()
    left = iter(range(done))
    assert not first.run(stop=lambda: next(left, None) is None)
    assert first.step == done
    second.load_state(*first.state())
    assert_same_state(first, second)
    assert second.run()
    assert_same_state(whole, second)


SETTINGS = [
    *(preset(objective, name) for objective in OBJECTIVES for name in PRESETS),
    {"precision": "bfloat16"},
    {"precision": "float16"},
    {"precision": "float16", "optimizer": "rmsprop"},
    {"max_gradient_norm": 0.1},
    {"schedule": "cosine"},
    {"patience": 2},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_a_run_of_any_settings_can_be_resumed_and_repeated(settings) -> None:
    settings = settings | {"learning_rate": 1e-3}
    config = replace(CONFIG, **settings)
    values = (1.0, 2.0, 3.0, 4.0)
    whole, first, again = (toy_trainer(config, score=scores(*values)) for _ in range(3))
    assert whole.run() and again.run()
    assert_same_state(whole, again)
    assert not first.run(stop=lambda: first.step == 4)
    second = toy_trainer(config, score=scores(*values[1:]))
    second.load_state(*first.state())
    assert second.run()
    assert_same_state(whole, second)
    plain = toy_trainer(replace(CONFIG, learning_rate=1e-3), score=scores(*values))
    plain.run()
    assert not torch.equal(plain.generator.scale, whole.generator.scale) or settings == {
        "objective": "wgan-gp",
        "learning_rate": 1e-3,
    }


def test_the_state_is_a_copy() -> None:
    trainer = toy_trainer()
    tensors, numbers = trainer.state()
    before = {name: tensor.clone() for name, tensor in tensors.items()}, dict(numbers)
    trainer.run()
    assert all(torch.equal(tensors[name], before[0][name]) for name in tensors)
    assert numbers == before[1]


@pytest.mark.parametrize("spoil", [
    lambda tensors, numbers: tensors.pop("stream"),
    lambda tensors, numbers: tensors.pop("generator.scale"),
    lambda tensors, numbers: tensors.update({"critic.heads.0.layers.0.bias": torch.zeros(99)}),
    lambda tensors, numbers: tensors.pop("history.penalty"),
    lambda tensors, numbers: numbers.pop("best_step"),
    lambda tensors, numbers: numbers.update(step="three"),
    lambda tensors, numbers: numbers.update(scores=[1, 2]),
])  # fmt: skip
def test_a_state_that_does_not_fit_is_refused_with_a_remedy(spoil) -> None:
    trainer = toy_trainer()
    trainer.run()
    state = trainer.state()
    spoil(*state)
    with pytest.raises(CheckpointError, match=r"^[^\n]*does not fit [^\n]*--overwrite$"):
        toy_trainer().load_state(*state)


def test_the_numbers_of_a_state_are_json() -> None:
    trainer = toy_trainer(score=scores(1.0, 2.0, 3.0, 4.0))
    for _ in range(3):
        trainer.run(stop=lambda reached=trainer.step + 4: trainer.step == reached)
        _, numbers = trainer.state()
        assert json.loads(json.dumps(numbers, allow_nan=False)) == numbers
