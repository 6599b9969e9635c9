"""The exact versions of what is installed beside this Python, as constraints for pip.

``.venv/bin/python .ci/constraints.py > constraints.txt`` writes those of ``tsgan[dev]``, with which
``make`` installs; ``--runtime`` those of ``tsgan`` alone, of which ``make sbom`` tells.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import distribution, version
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

PROJECT = "tsgan"


def required(name: str, extras: set[str]) -> Iterator[Requirement]:
    """Yield what the project, or what is installed, with some extras requires on this machine."""
    for text in told() if name == PROJECT else distribution(name).requires or ():
        one = Requirement(text)
        wanted = [{"extra": extra} for extra in (*sorted(extras), "")]
        if one.marker is None or any(one.marker.evaluate(environment) for environment in wanted):
            yield one


def told() -> Iterator[str]:
    """Yield what pyproject.toml requires, extras as markers."""
    project = tomllib.loads(Path(__file__).parents[1].joinpath("pyproject.toml").read_text())
    yield from project["project"]["dependencies"]
    for extra, texts in project["project"]["optional-dependencies"].items():
        for text in texts:
            one = Requirement(text)
            marker = f'extra == "{extra}"'
            one.marker = Marker(marker if one.marker is None else f"({one.marker}) and {marker}")
            yield str(one)


def closure(extras: set[str]) -> set[str]:
    """Return the names of all that ``tsgan`` with some extras needs, directly or not."""
    seen: dict[str, set[str]] = {}
    rest = [(PROJECT, extras)]
    while rest:
        name, wanted = rest.pop()
        if name in seen and wanted <= seen[name]:
            continue
        seen[name] = seen.get(name, set()) | wanted
        found = required(name, seen[name])
        rest += [(canonicalize_name(one.name), set(one.extras)) for one in found]
    return set(seen) - {PROJECT}


def main() -> None:
    """Print a line for each, in order, without local versions such as ``+cpu``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runtime", action="store_true", help="without the extra dev")
    names = closure(set() if parser.parse_args().runtime else {"dev"})
    sys.stdout.write("# Made by .ci/constraints.py, see docs/security.md.\n")
    for name in sorted(names):
        sys.stdout.write(f"{name}=={Version(version(name)).public}\n")


if __name__ == "__main__":
    main()
