"""The bound on mutual information, against closed forms and a channel of known information."""

from __future__ import annotations

import math

import pytest
import torch

from tsgan.information import draw_codes, entropy, guess_size, surprise


def test_guess_that_knows_nothing_is_surprised_by_the_entropy() -> None:
    codes = torch.eye(7)
    assert torch.allclose(surprise(torch.zeros(7, 7), codes, 7), torch.full((7,), math.log(7)))
    assert entropy(7, 0) == pytest.approx(math.log(7))
    assert entropy(0, 3) == pytest.approx(3 * math.log(2))
    assert entropy(0, 0) == 0


def test_surprise_is_the_negative_log_likelihood_of_torch() -> None:
    stream = torch.Generator().manual_seed(0)
    guess = torch.randn(50, guess_size(4, 2), generator=stream)
    code, numbers = draw_codes(50, 4, 2, stream)
    assert code is not None and numbers is not None
    codes = torch.cat([torch.nn.functional.one_hot(code, 4), numbers], dim=1)
    class_law = torch.distributions.Categorical(logits=guess[:, :4])
    number_law = torch.distributions.Normal(guess[:, 4:6], guess[:, 6:].exp())
    expected = -class_law.log_prob(code) - number_law.log_prob(numbers).sum(dim=1)
    assert torch.allclose(surprise(guess, codes, 4), expected, atol=1e-5)


def test_bound_is_the_information_of_a_symmetric_channel() -> None:
    """The class is kept with probability .9, else another of four: I = log 4 − H of a row."""
    stream = torch.Generator().manual_seed(1)
    code, _ = draw_codes(200_000, 4, 0, stream)
    assert code is not None
    other = (code + torch.randint(1, 4, code.shape, generator=stream)) % 4
    heard = torch.where(torch.rand(code.shape, generator=stream) < 0.9, code, other)
    law = torch.full((4, 4), 0.1 / 3).fill_diagonal_(0.9)
    codes = torch.nn.functional.one_hot(code, 4).float()
    bound = entropy(4, 0) - float(surprise(law.log()[heard], codes, 4).mean())
    truth = math.log(4) + 0.9 * math.log(0.9) + 0.1 * math.log(0.1 / 3)
    assert bound == pytest.approx(truth, abs=0.01)


def test_codes_are_uniform_and_of_their_stream() -> None:
    code, numbers = draw_codes(30_000, 3, 2, torch.Generator().manual_seed(2))
    assert code is not None and numbers is not None
    assert torch.bincount(code).tolist() == pytest.approx([10_000] * 3, abs=300)
    assert numbers.shape == (30_000, 2) and float(numbers.abs().max()) <= 1
    assert float(numbers.std()) == pytest.approx(1 / math.sqrt(3), abs=0.01)
    again, _ = draw_codes(30_000, 3, 2, torch.Generator().manual_seed(2))
    assert again is not None and torch.equal(code, again)
    assert draw_codes(5, 0, 0, torch.Generator()) == (None, None)


def test_no_guess_is_certain() -> None:
    """A vanishing sd would make the surprise of a near miss infinite, and of a hit −infinite."""
    guess = torch.tensor([[0.5, -50.0], [0.5, 50.0]])
    found = surprise(guess, torch.tensor([[0.5], [0.5]]), 0)
    assert found[0] == pytest.approx(-3 + 0.5 * math.log(2 * math.pi))
    assert found[1] == pytest.approx(3 + 0.5 * math.log(2 * math.pi))
