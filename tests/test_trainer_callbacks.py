from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from toys import (
    CONFIG,
    STEPS,
    Listener,
    Spoiled,
    assert_same_state,
    let_steps_last,
    scores,
    series_trainer,
    toy_trainer,
)

from tsgan.callbacks import Callback
from tsgan.history import TOLD
from tsgan.steps import Batch


def test_callbacks_hear_of_each_step_and_check() -> None:
    one, other = Listener(), Listener()
    trainer = toy_trainer(score=scores(4.0, 3.0, 2.0, 1.0))
    assert trainer.run([one, other])
    assert one.heard == other.heard
    kinds = [kind for kind, _ in one.heard]
    assert kinds == ["start", *(["log"] * 3 + ["check"]) * 4, "end"]
    told = one.of("log")
    assert [p.step for p in told] == list(range(1, STEPS + 1))
    assert [p.fraction for p in told] == [step / STEPS for step in range(1, STEPS + 1)]
    assert [p.score for p in one.of("check")] == [4.0, 3.0, 2.0, 1.0]
    assert all(a.seconds < b.seconds for a, b in itertools.pairwise(told))
    columns = trainer.history.columns
    for name, column in columns.items():
        assert [getattr(p, name) for p in told] == column
    differences = np.subtract(columns["real_score"], columns["fake_score"])
    np.testing.assert_allclose(columns["estimate"], differences, atol=1e-6)


def test_a_look_tells_the_mean_of_the_steps_since_the_last() -> None:
    every, some = Listener(), Listener()
    toy_trainer().run([every])
    toy_trainer(replace(CONFIG, log_every=5)).run([some])
    assert [p.step for p in some.of("log")] == [3, 5, 6, 9, 10, 12]  # a check is a look
    for name in TOLD[:4]:
        steps = [getattr(p, name) for p in every.of("log")]
        means = [np.mean(x) for x in np.split(steps, [3, 5, 6, 9, 10])]
        assert [getattr(p, name) for p in some.of("log")] == pytest.approx(means)


def test_looking_less_often_changes_no_bit() -> None:
    often, seldom = series_trainer(), series_trainer()
    seldom.config = replace(seldom.config, log_every=1000)
    often.run()
    seldom.run()
    assert_same_state(often, seldom)


def test_a_stopped_run_has_looked_at_all_its_steps_and_tells_them_when_it_goes_on() -> None:
    whole, listener = Listener(), Listener()
    trainer = toy_trainer(replace(CONFIG, log_every=100))
    trainer.run([whole])
    trainer = toy_trainer(replace(CONFIG, log_every=100))
    assert not trainer.run([listener], stop=lambda: trainer.step == 5)
    assert [p.step for p in listener.of("log")] == [3]
    assert len(trainer.history.columns["penalty"]) == 5
    again = toy_trainer(replace(CONFIG, log_every=100))
    again.load_state(*trainer.state())
    assert again.run([listener])
    assert listener.of("start") == [0, 5] and len(listener.of("end")) == 2
    told, expected = listener.of("log"), whole.of("log")
    assert [replace(p, seconds=0.0) for p in told] == [replace(p, seconds=0.0) for p in expected]


def test_callbacks_hear_the_end_of_a_run_that_fails() -> None:
    listener = Listener()

    def batches(stream: torch.Generator) -> Batch:
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        toy_trainer(batches=batches).run([listener])
    assert listener.heard == [("start", 0), ("end", None)]


def test_each_callback_hears_the_end_though_another_fails_then() -> None:
    class Failing(Callback):
        def on_end(self) -> None:
            raise RuntimeError("cannot close")

    first, last = Listener(), Listener()
    with pytest.raises(RuntimeError, match="cannot close"):
        toy_trainer().run([first, Failing(), last])
    assert first.of("end") == last.of("end") == [None]


def test_the_check_of_a_run_whose_time_ran_out_in_a_divergence_is_told(monkeypatch) -> None:
    let_steps_last(monkeypatch, 0.5)
    batches = Spoiled(8)  # of eight steps of half a second
    config = replace(CONFIG, steps=None, max_seconds=4.0, critic_steps=1)
    trainer, listener = toy_trainer(config, batches, scores(4.0, 3.0, 2.0, 1.0)), Listener()
    assert trainer.run([listener])
    assert [kind for kind, _ in listener.heard][-3:] == ["return", "check", "end"]
    assert [p.score for p in listener.of("check")] == [score for _, score in trainer.scores]
