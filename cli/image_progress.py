"""The progress of a fit to images in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tsgan.cli.progress import FitProgress

if TYPE_CHECKING:
    from tsgan.callbacks import Progress


class ImageProgress(FitProgress):
    """The live line of a fit to images, of which nothing is held out to be scored."""

    def _text(self, progress: Progress) -> str:
        return super()._text(progress).replace("held-out –  ", "")
