"""Models whose networks are told groups of images: nobody has to ask for one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tiny_images

from tsgan import ImageGAN
from tsgan.errors import CheckpointError

PER_GROUP = 4


@pytest.fixture(autouse=True)
def few_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tsgan.images.groups.IMAGES_PER_GROUP", PER_GROUP)


@pytest.mark.parametrize(("labels", "told"), [(True, 30), (False, 30)])
def test_groups_are_found_told_and_kept(labels: bool, told: int, tmp_path: Path) -> None:
    sets = tiny_images.sets()
    model = ImageGAN(tiny_images.config(labels=labels, groups=30)).fit(sets, directory=tmp_path)
    groups = model.facts_.groups
    assert len(groups) == told and sum(groups) == len(sets.training)
    assert model.fitted_.generator.layout.labels == told
    if labels:
        each = np.reshape(groups, (10, -1)).sum(axis=1)
        assert each.tolist() == list(model.facts_.counts)
    made = model.sample(20)
    assert (ImageGAN.load(tmp_path).sample(20) == made).all()
    assert (model.sample(20, only=[7]) == made[7:8]).all()


def test_groups_are_drawn_by_their_shares_within_the_class_that_is_asked_for() -> None:
    model = ImageGAN(tiny_images.config(1, labels=True, groups=30)).fit(tiny_images.sets())
    drawn = model.given("digit=3").draw(range(3000), 0)
    assert drawn.labels is not None and drawn.told is not None
    assert (drawn.labels == 3).all() and (drawn.told // 3 == 3).all()
    got = np.bincount(drawn.told - 9, minlength=3) / 3000
    true = np.reshape(model.facts_.groups, (10, 3))[3] / model.facts_.counts[3]
    np.testing.assert_allclose(got, true, atol=0.03)


def test_without_groups_the_networks_are_told_the_classes() -> None:
    model = ImageGAN(tiny_images.config(1, labels=True)).fit(tiny_images.sets())
    drawn = model.given(None).draw(range(50), 0)
    assert model.facts_.groups == () and drawn.labels is drawn.told


@pytest.mark.parametrize("groups", [[], [1], [120, *[0] * 29], [-1, 5, *[4] * 28]])
def test_groups_that_no_fit_writes_are_refused(groups: list[int], tmp_path: Path) -> None:
    model = ImageGAN(tiny_images.config(1, labels=True, groups=30)).fit(tiny_images.sets())
    model.save(tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    manifest["data"]["groups"] = groups
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(CheckpointError, match="do not fit together"):
        ImageGAN.load(tmp_path)
