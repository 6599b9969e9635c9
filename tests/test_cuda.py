"""What only a GPU can show. Without one these tests are skipped, and nothing here has been seen."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
import tiny_images
import torch
from toys import assert_same_state

from tsgan import Config, ImageConfig, ImageGAN, TimeSeriesGAN, read_prices
from tsgan.device import ieee_float32
from tsgan.fitting import make_trainer
from tsgan.images.image_run import ImageRun
from tsgan.preparation import prepare
from tsgan.trainer import Trainer

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
PRECISIONS = pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])


def on_cuda(precision: str, steps: int = 6, **settings: Any) -> Config:
    config = tiny.config(steps, device="cuda")
    settings |= {"precision": precision, "log_every": 100}
    return replace(config, training=replace(config.training, **settings))


def trainer(config: Config) -> Trainer:
    prices = read_prices(tiny.prices())
    return make_trainer(prepare(prices, config), config, torch.device(config.device))


@PRECISIONS
@pytest.mark.parametrize("settings", [{}, {"optimizer": "sgd"}, {"max_gradient_norm": 1.0}])
def test_no_step_waits_for_the_device(precision, settings) -> None:
    run = trainer(on_cuda(precision, steps=20, **settings))
    run.run(stop=lambda: run.step == 2)
    torch.cuda.synchronize()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that the mode is a prototype
            torch.cuda.set_sync_debug_mode("error")
        for _ in range(3):
            told = run._iterate()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert told.isfinite().all()


@PRECISIONS
def test_a_model_trained_on_a_gpu_loads_and_samples_on_a_cpu(precision, tmp_path: Path) -> None:
    model = TimeSeriesGAN(on_cuda(precision)).fit(tiny.prices(), directory=tmp_path / "model")
    assert model.training_.device == "cuda"
    loaded = TimeSeriesGAN.load(tmp_path / "model")
    assert all(p.device.type == "cpu" for p in loaded.fitted_.generator.parameters())
    assert all(p.dtype == torch.float32 for p in loaded.fitted_.generator.parameters())
    paths = loaded.sample(3, 50).log_returns
    assert np.isfinite(paths).all()
    assert np.array_equal(paths, model.sample(3, 50).log_returns)


@PRECISIONS
def test_interrupted_on_a_gpu_goes_on_there(precision) -> None:
    first, second = trainer(on_cuda(precision)), trainer(on_cuda(precision))
    first.run(stop=lambda: first.step == 3)
    second.load_state(*first.state())
    assert_same_state(first, second)
    assert second.run() and second.step == 6


def test_the_input_gradient_in_float32_is_that_of_the_cpu() -> None:
    """From the same weights; the streams of the two devices differ."""
    gpu, cpu = trainer(on_cuda("float32")), trainer(tiny.config(6, device="cpu"))
    assert all(
        torch.equal(a.cpu(), b)
        for a, b in zip(gpu.critic.parameters(), cpu.critic.parameters(), strict=True)
    )
    stream = torch.Generator().manual_seed(3)
    x = torch.randn(4, 1, 128, generator=stream)
    condition = torch.zeros(4, 2)
    given = -1  # the head that is told the condition
    with ieee_float32():
        on_gpu = gpu.critic.heads[given].input_gradient(x.cuda(), condition.cuda()).cpu()
    on_cpu = cpu.critic.heads[given].input_gradient(x, condition)
    torch.testing.assert_close(on_gpu, on_cpu, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "settings", [{"labels": ("late=2020:2021",)}, {"conditions": ("regime", "trend")}, {}]
)
def test_several_assets_and_conditions_are_learned_on_a_gpu(settings) -> None:
    closes = tiny.prices()
    assets = closes.to_frame("A").assign(B=2 * closes**0.5, C=tiny.prices(seed=1).to_numpy())
    model = TimeSeriesGAN(replace(on_cuda("bfloat16"), **settings)).fit(assets)
    assert np.isfinite(model.sample(3, 50).log_returns).all()
    for track in model.conditions_.tracks:
        given = {track.name: track.classes[-1] if track.classes else 0.1}
        assert np.isfinite(model.sample(3, 50, given=given, extrapolate=True).log_returns).all()


STEADY_PAIRS = [("slim", "wgan-gp"), ("wgan", "wgan-gp"), ("dcgan", "gan")]
IMAGE_PAIRS = [*STEADY_PAIRS, ("slim", "gan"), ("progressive", "wgan-gp")]


def images_on_cuda(network: str, objective: str, steps: int = 6, **settings: Any) -> ImageConfig:
    return tiny_images.config(
        steps,
        device="cuda",
        network={"kind": network},
        training={"objective": objective},
        **settings,
    )


@pytest.mark.parametrize(("network", "objective"), IMAGE_PAIRS)
def test_images_trained_on_a_gpu_load_and_are_sampled_on_a_cpu(
    network, objective, tmp_path: Path
) -> None:
    codes = {"codes": 3, "code_numbers": 1} if network == "slim" else {}
    config = images_on_cuda(network, objective, labels=True, **codes)
    model = ImageGAN(config).fit(tiny_images.sets(), directory=tmp_path / "model")
    assert model.training_.device == "cuda"
    loaded = ImageGAN.load(tmp_path / "model")
    drawn = loaded.sample(10, given="digit=3")
    assert np.isfinite(drawn).all() and np.array_equal(drawn, model.sample(10, given="digit=3"))


@pytest.mark.parametrize(("network", "objective"), STEADY_PAIRS)
def test_a_step_on_images_is_that_of_the_cpu(network, objective) -> None:
    """From the same weights, images and noise: the gradients lie in memory as they please there."""
    moved = []
    for device in ("cpu", "cuda"):
        config = replace(images_on_cuda(network, objective), device=device)
        run = ImageRun(tiny_images.sets(), config, None).trainer
        stream = torch.Generator().manual_seed(5)
        x = torch.rand(8, 1, 28, 28, generator=stream).to(device)
        noise = torch.randn(8, run.generator.noise, generator=stream).to(device)
        rows = torch.zeros(8, run.generator.layout.fixed, device=device)
        with ieee_float32():
            run.descents["critic"](run.critic.heads[0](x, rows[:, :0]).square().mean())
            run.descents["generator"]((run.generator(noise, rows) - x).square().mean())
        weights = (*run.critic.parameters(), *run.generator.parameters())
        moved.append([p.detach().cpu() for p in weights])
    off = torch.cat([(a - b).abs().flatten() for a, b in zip(*moved, strict=True)])
    assert off.median() < 1e-6 and (off > 1e-3).float().mean() < 0.02
