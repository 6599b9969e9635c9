"""The image model as its users see it: fit, sample, save, load."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import torch

from tsgan import checkpoint
from tsgan.callbacks import Callback
from tsgan.data.image_sets import SIDE, ImageSets
from tsgan.data.images import read_images
from tsgan.device import ieee_float32, threads
from tsgan.errors import ConfigError, DataError
from tsgan.images.conditions import Conditions
from tsgan.images.config import ImageConfig
from tsgan.images.fitted import FittedImages, ImageFacts
from tsgan.images.frames import Strip
from tsgan.images.given import Asked, Given, read_given
from tsgan.images.image_run import ImageRun
from tsgan.images.presets import image_config
from tsgan.images.sampler import Pixels, interpolate, sample_groups
from tsgan.requirements import require_count, require_numbers
from tsgan.run import History, TrainingFacts

TRAINING_THREADS = 1
"""A second thread slows a run severalfold where another process holds a core, and would change the
last bits of the weights.
"""

MOST_IMAGES = 10**9


class ImageGAN:
    """A GAN of grey images of 28 × 28, conditional on their classes or on latent codes if asked.

    Attributes:
        config: every setting.
        facts_: the images it was fitted on; training_: how; conditions_: what images can be given.
        fitted_: all that is saved of it.
        history_: by name, arrays of the training curves; empty for a loaded model.
        strip_: the same noise at points of the run; None for a loaded model.
    """

    facts_: ImageFacts
    training_: TrainingFacts
    conditions_: Conditions
    fitted_: FittedImages
    history_: History
    strip_: Strip | None

    def __init__(self, config: ImageConfig | None = None) -> None:
        self.config = image_config() if config is None else config

    def fit(
        self,
        images: ImageSets | str | Path,
        *,
        directory: str | Path | None = None,
        resume: bool = False,
        callbacks: Sequence[Callback] = (),
        stop: Callable[[], bool] = lambda: False,
    ) -> Self:
        """Train on the training images.

        Args:
            images: what ``read_images`` returns or takes: ``mnist``, ``sample``, or a folder.
            directory: the model is saved there at every check, so that a run can be resumed; a
                model that is there already is replaced at the first. ``metrics.jsonl`` is written
                there from the first step on, see ``logs.MetricsFile``.
            resume: go on from the state in ``directory``; the weights at the end are those of a
                run that was never interrupted, unless it diverges on the way.
            callbacks: told of the steps and checks, see ``Callback``.
            stop: asked between two steps; True ends the run early, with the state saved.

        Returns:
            The model itself, fitted.

        Raises:
            DataError, ConfigError: if the images or settings cannot be trained on.
            CheckpointError: if there is nothing to resume, or it belongs to other images or
                settings.
            TrainingError: if training diverges.
        """
        sets = images if isinstance(images, ImageSets) else read_images(images)
        with threads(TRAINING_THREADS), ieee_float32():
            run = ImageRun(sets, self.config, None if directory is None else Path(directory))
            if resume:
                run.resume()
            run.train([run.frames, *callbacks], stop, self._become)
        self.strip_ = run.frames.strip
        return self

    def _become(self, fitted: FittedImages, history: History) -> None:
        self.fitted_, self.config = fitted, fitted.config
        self.facts_, self.training_ = fitted.facts, fitted.training
        self.conditions_, self.history_ = fitted.conditions, history
        self.strip_ = None

    def sample(
        self,
        n_samples: int,
        *,
        seed: int = 0,
        given: Asked = None,
        only: Sequence[int] | None = None,
    ) -> Pixels:
        """Return images, (n_samples, 28, 28), float32 in [0, 1].

        Args:
            n_samples: number of images; image k depends on the seed, what is given and k alone.
            seed: of the images.
            given: a class, as ``7`` or ``"digit=7"``; values by name, as ``{"code": 3, "c1":
                -0.5}``; ``"digit=all"`` takes each class in turn for ten images. What is not given
                is drawn for each image: classes and codes all as likely.
            only: numbers of the images instead of 0, 1, … ``n_samples`` − 1, each below that.

        Raises:
            ConfigError: if an argument is outside its range, or the model has no such condition.
        """
        groups = self.sample_groups(n_samples, seed=seed, given=given, only=only)
        return np.concatenate(list(groups))

    def sample_groups(
        self,
        n_samples: int,
        *,
        seed: int = 0,
        given: Asked = None,
        only: Sequence[int] | None = None,
    ) -> Iterator[Pixels]:
        """Yield what ``sample`` returns in groups of images, so that memory stays small.

        The arguments are checked at the call, before the first group is asked for.
        """
        asked, numbers = self.given(given), self._numbers(n_samples, seed, only)
        return sample_groups(self.fitted_.generator, asked, numbers, seed)

    def sample_labels(
        self,
        n_samples: int,
        *,
        seed: int = 0,
        given: Asked = None,
        only: Sequence[int] | None = None,
    ) -> npt.NDArray[np.int64] | None:
        """Return the classes of the images that ``sample`` returns for the same arguments.

        Returns:
            Places in ``conditions_.classes``, (n_samples,); None without labels.
        """
        asked, numbers = self.given(given), self._numbers(n_samples, seed, only)
        return asked.draw(numbers, seed).labels

    def interpolate(
        self, rows: int = 10, steps: int = 10, *, seed: int = 0, given: Asked = None
    ) -> Pixels:
        """Return images on the way from one noise to another, (rows, steps, 28, 28) in [0, 1].

        Row r begins at image r of the same seed, and what that is given holds for all of the row.

        Args:
            rows, steps: images each way, 1 to 1,000; seed, given: as for ``sample``.
        """
        asked = self.given(given)
        require_count("rows", rows, 1, 1000)
        require_count("steps", steps, 1, 1000)
        require_count("seed", seed, 0, 2**63 - 1)
        with threads(1):
            return interpolate(self.fitted_.generator, asked, rows, steps, seed)

    def recognise(
        self, images: npt.ArrayLike
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return how likely each class of the latent code is for images, and its numbers.

        Args:
            images: (n, 28, 28) in [0, 1], real or sampled.

        Returns:
            Probabilities (n, codes) and expected numbers (n, code_numbers).

        Raises:
            ConfigError: if the model has no latent code. DataError: if the images are none.
        """
        self._check_fitted()
        pixels = np.asarray(images, dtype=np.float32)
        if pixels.ndim != 3 or pixels.shape[1:] != (SIDE, SIDE) or not len(pixels):
            raise DataError(f"images: expected (n, {SIDE}, {SIDE}), got {pixels.shape}")
        if self.fitted_.recogniser is None:
            raise ConfigError("expected a model with a latent code; fit one with --codes")
        x = torch.from_numpy(2 * pixels - 1)[:, None]
        with threads(1):
            known, numbers = self.fitted_.recogniser.guess(x)
        return known.exp().numpy(), numbers.numpy()

    def given(self, asked: Asked) -> Given:
        """Return what is asked for, with what is to be said of it.

        Raises:
            ConfigError: if the model has none such, or it cannot take the value.
        """
        self._check_fitted()
        return read_given(asked, self.conditions_)

    def _numbers(self, n_samples: int, seed: int, only: Sequence[int] | None) -> Sequence[int]:
        require_count("n_samples", n_samples, 1, MOST_IMAGES)
        require_count("seed", seed, 0, 2**63 - 1)
        return require_numbers(n_samples, only, "images")

    def save(self, directory: str | Path) -> None:
        """Write the model: ``generator.safetensors`` and ``manifest.json``.

        Another model that is there is replaced, with its training state, its logs and its report.
        """
        self._check_fitted()
        checkpoint.save_alone(Path(directory), self.fitted_.write)

    @classmethod
    def load(cls, directory: str | Path) -> Self:
        """Return the model saved in ``directory``; nothing in it is executed.

        Raises:
            CheckpointError: if the directory is none, or any part of it is damaged or foreign.
        """
        model = cls()
        model._become(FittedImages.read(Path(directory)), {})
        return model

    def _check_fitted(self) -> None:
        if not hasattr(self, "fitted_"):
            raise ConfigError("expected a fitted model, got another: call fit or load first")
