"""Reading real images for a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tsgan.data.image_sets import ImageSets


def read_sets(images: str) -> ImageSets:
    """Return what ``images`` names, with a bar where it is downloaded."""
    from tsgan.cli.progress import stage_bar
    from tsgan.data.images import read_images

    if images != "mnist":
        return read_images(images)
    with stage_bar("reading mnist") as told:
        return read_images(images, progress=told)
