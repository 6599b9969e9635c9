"""What can be measured of a drawn shape: how much ink, how it leans, how large and how bold it is.

Images are (n, 28, 28) in [0, 1], ink bright on black. Each measure is (n,); an empty image has no
shape, and every measure of it but its ink is NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from tsgan.images.metrics import FloatArray, Pixels


def ink(images: Pixels) -> FloatArray:
    """Return the mean brightness."""
    brightness: FloatArray = images.mean(axis=(1, 2), dtype=np.float64)
    return brightness


def slant(images: Pixels) -> FloatArray:
    """Return the shear: columns to the right for a row up, as ``/`` leans, by second moments."""
    _, across, down = _second_moments(images)
    return -_ratio(across, down)


def width(images: Pixels) -> FloatArray:
    """Return the standard deviation of the ink across the upright, in pixels.

    The slant is taken out: it is the width of the shape when it is sheared upright.
    """
    wide, across, down = _second_moments(images)
    upright: FloatArray = np.sqrt(np.maximum(wide - _ratio(across**2, down), 0))
    return upright


def height(images: Pixels) -> FloatArray:
    """Return the standard deviation of the ink from row to row, in pixels."""
    high: FloatArray = np.sqrt(_second_moments(images)[2])
    return high


def stroke(images: Pixels) -> FloatArray:
    """Return how wide the strokes are, in pixels: twice the ink for each pixel of its outline.

    The outline is as long as the brightness changes in total over the image.
    """
    x = np.pad(images.astype(np.float64), ((0, 0), (1, 1), (1, 1)))
    right, down = np.diff(x, axis=2)[:, :-1], np.diff(x, axis=1)[:, :, :-1]
    outline = np.hypot(right, down).sum(axis=(1, 2))
    return 2 * _ratio(x.sum(axis=(1, 2)), outline)


SHAPES: Mapping[str, Callable[[Pixels], FloatArray]] = {
    "slant": slant,
    "width": width,
    "height": height,
    "stroke": stroke,
    "ink": ink,
}


def _second_moments(images: Pixels) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the variance of columns, the covariance, and the variance of rows of the ink."""
    x = images.astype(np.float64)
    total = x.sum(axis=(1, 2))
    rows, columns = (np.arange(size, dtype=np.float64) for size in x.shape[1:])
    by_row, by_column = x.sum(axis=2), x.sum(axis=1)
    row, column = _ratio(by_row @ rows, total), _ratio(by_column @ columns, total)
    down = _ratio(by_row @ rows**2, total) - row**2
    wide = _ratio(by_column @ columns**2, total) - column**2
    across = _ratio(np.einsum("nrc,r,c->n", x, rows, columns), total) - row * column
    return wide, across, down


def _ratio(above: npt.ArrayLike, below: FloatArray) -> FloatArray:
    """Return ``above / below``, NaN where ``below`` is not above 0."""
    safe = np.where(below > 0, below, np.nan)
    ratio: FloatArray = np.asarray(above, dtype=np.float64) / safe
    return ratio
