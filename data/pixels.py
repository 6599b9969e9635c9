"""Pictures of any size, depth and colour to grey ones of 28×28, and what was done to them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tsgan.data.image_sets import SIDE

_BRIGHT = 128
_DEEP = 257.0
"""Levels of 16 bits in one of 8 bits."""


@dataclass
class Conversions:
    """What was done to how many images.

    Attributes:
        images: how many were seen.
        sizes: (height, width) other than 28×28, and how many images had it.
        kinds: what else was converted.
        bright: images whose border is bright, as of dark ink on white.
        blank: images of one level.
    """

    images: int = 0
    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    bright: int = 0
    blank: int = 0

    def look_at(self, pixels: NDArray[np.uint8]) -> None:
        """Count bright borders and blank images of (n, 28, 28)."""
        self.images += len(pixels)
        edges = (pixels[:, 0], pixels[:, -1], pixels[:, :, 0], pixels[:, :, -1])
        border = np.concatenate(edges, axis=1)
        self.bright += int((np.median(border, axis=1) >= _BRIGHT).sum())
        self.blank += int((pixels.max(axis=(1, 2)) == pixels.min(axis=(1, 2))).sum())

    def notes(self) -> list[str]:
        """Return a sentence for each kind of thing that was done."""
        notes = []
        if self.sizes:
            small, large = min(self.sizes, key=_area), max(self.sizes, key=_area)
            listed = f"{small[0]}×{small[1]}"
            if len(self.sizes) > 1:
                listed = f"{len(self.sizes)} sizes from {listed} to {large[0]}×{large[1]}"
            oblong = any(height != width for height, width in self.sizes)
            notes.append(
                f"{self.sizes.total():,} of {self.images:,} images are of {listed} and were scaled "
                f"to {SIDE}×{SIDE} (bicubic)"
                + ("; their shape is kept, the rest filled as their border is." if oblong else ".")
            )
        for kind, count in sorted(self.kinds.items()):
            notes.append(f"{count:,} of {self.images:,} images {kind}.")
        if 2 * self.bright > self.images:
            notes.append(
                f"{self.bright:,} of {self.images:,} images have a bright border, as dark ink on "
                "white has; they are learned as they are. MNIST's ink is bright on black."
            )
        if self.blank:
            notes.append(f"{self.blank:,} of {self.images:,} images are of one level throughout.")
        return notes


def resized(pixels: NDArray[np.uint8], conversions: Conversions) -> NDArray[np.uint8]:
    """Return images of one size, (n, h, w), as (n, 28, 28)."""
    count, height, width = pixels.shape
    if (height, width) == (SIDE, SIDE):
        result = pixels
    else:
        conversions.sizes[height, width] += count
        result = np.empty((count, SIDE, SIDE), np.uint8)
        for k in range(count):
            result[k] = fitted(Image.fromarray(pixels[k]))
    conversions.look_at(result)
    return result


def grey(image: Image.Image, conversions: Conversions) -> NDArray[np.uint8]:
    """Return one picture as grey (28, 28)."""
    flat = _flat(image, conversions.kinds)
    if flat.size == (SIDE, SIDE):
        return np.asarray(flat)
    conversions.sizes[flat.height, flat.width] += 1
    return fitted(flat)


def fitted(image: Image.Image) -> NDArray[np.uint8]:
    """Return a grey picture scaled to fit into 28×28, its shape kept, the rest as its border."""
    largest = max(image.size)
    width, height = (max(1, round(SIDE * length / largest)) for length in image.size)
    scaled = np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))
    if scaled.shape == (SIDE, SIDE):
        return scaled
    edges = (scaled[0], scaled[-1], scaled[:, 0], scaled[:, -1])
    result = np.full((SIDE, SIDE), round(float(np.median(np.concatenate(edges)))), np.uint8)
    top, left = (SIDE - height) // 2, (SIDE - width) // 2
    result[top : top + height, left : left + width] = scaled
    return result


def _flat(image: Image.Image, kinds: Counter[str]) -> Image.Image:
    """Return a picture in 8-bit grey, mode L."""
    if image.mode == "L" and "transparency" not in image.info:
        return image
    if image.mode == "1":
        kinds["are black and white without grey"] += 1
        return image.convert("L")
    if image.mode.startswith("I"):  # "I;16", or "I" in earlier versions of Pillow
        kinds["have 16 bits a pixel and were rounded to 8"] += 1
        levels = np.asarray(image).astype(np.float32) / _DEEP
        return Image.fromarray(np.clip(np.rint(levels), 0, 255).astype(np.uint8))
    if image.mode == "P":
        kinds["have a palette"] += 1
    if image.has_transparency_data:
        return _on_ground(image, kinds)
    return _uncoloured(image.convert("RGB"), kinds)


def _uncoloured(image: Image.Image, kinds: Counter[str]) -> Image.Image:
    """Return the luma of ITU-R 601; a picture that is grey in fact is not called coloured."""
    red, green, blue = (channel.tobytes() for channel in image.split())
    if red == green == blue:
        return image.getchannel(0)
    kinds["are in colour and were made grey (ITU-R 601)"] += 1
    return image.convert("L")


def _on_ground(image: Image.Image, kinds: Counter[str]) -> Image.Image:
    """Lay a picture on black, or on white where what it shows is dark."""
    layers = image.convert("RGBA")
    alpha = np.asarray(layers.getchannel("A"), np.float32)
    if alpha.min() < 255:
        luma = np.asarray(layers.convert("RGB").convert("L"), np.float32)
        dark = bool((alpha * luma).sum() < _BRIGHT * alpha.sum())
        kinds[
            f"are transparent and were laid on {'white, as they are dark' if dark else 'black'}"
        ] += 1
        ground = Image.new("RGBA", layers.size, (255,) * 4 if dark else (0, 0, 0, 255))
        layers = Image.alpha_composite(ground, layers)
    return _uncoloured(layers.convert("RGB"), kinds)


def _area(size: tuple[int, int]) -> int:
    return size[0] * size[1]
