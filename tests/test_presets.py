from __future__ import annotations

from pathlib import Path

import pytest

from tsgan.config import TrainingConfig
from tsgan.objectives import OBJECTIVES, PRESETS, make_objective, preset

NAMES = list(OBJECTIVES)

PRINTED = {
    "wgan-gp": {"optimizer": "adam", "learning_rate": 1e-4, "beta1": 0.0, "beta2": 0.9}
    | {"critic_steps": 5, "penalty_weight": 10.0, "batch": 64},
    "wgan": {"optimizer": "rmsprop", "learning_rate": 5e-5, "beta1": 0.0, "critic_steps": 5}
    | {"clip": 0.01, "batch": 64},
    "gan": {"optimizer": "sgd", "learning_rate": 0.1, "beta1": 0.5, "critic_steps": 1}
    | {"batch": 100},
    "gan-minimax": {"optimizer": "sgd", "learning_rate": 0.1, "beta1": 0.5, "critic_steps": 1}
    | {"batch": 100},
    "lsgan": {"optimizer": "adam", "learning_rate": 1e-3, "beta1": 0.5, "critic_steps": 1}
    | {"batch": 64},
}
"""Gulrajani et al. 2017, algorithm 1; Arjovsky et al. 2017, algorithm 1; Goodfellow et al. 2014,
algorithm 1 and mnist.yaml of their code; train_lsun.py of the code of Mao et al. 2016."""


@pytest.mark.parametrize("name", NAMES)
def test_the_paper_preset_is_what_the_paper_prints(name) -> None:
    config = TrainingConfig(**preset(name, "paper"))
    expected = {"objective": name, "schedule": "constant", "average": 0.0} | PRINTED[name]
    assert {key: getattr(config, key) for key in expected} == expected


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", PRESETS)
def test_a_preset_makes_its_objective(name, kind) -> None:
    settings = preset(name, kind)
    objective = make_objective(TrainingConfig(**settings))
    assert type(objective) is OBJECTIVES[name]
    settings["steps"] = 1
    assert "steps" not in preset(name, kind)
    assert preset(name) == preset(name, "tuned")


@pytest.mark.parametrize("name", NAMES)
def test_the_docs_say_its_settings(name) -> None:
    cells = [f"`{name}`"]
    for kind in PRESETS:
        settings = preset(name, kind)
        del settings["objective"]
        cells.append(
            ", ".join(f"{key} {value}" for key, value in settings.items()) or "the defaults"
        )
    docs = Path(__file__).parents[1] / "docs" / "objectives.md"
    assert f"| {' | '.join(cells)} |" in docs.read_text(encoding="utf-8").splitlines()
