"""The versions of Python and of the packages that a model depends on."""

from __future__ import annotations

import importlib.metadata
import platform

PACKAGES = ("tsgan", "torch", "numpy")


def versions(*further: str) -> dict[str, str]:
    """Return the versions of Python, of what every model needs, and of ``further`` packages."""
    return {
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in (*PACKAGES, *further)},
    }
