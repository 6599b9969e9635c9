"""The versions that tsgan is tried with: ``nox`` runs all, ``nox -s oldest`` one of them.

A Python that is not installed is skipped. The suite is that of ``make test``; extras that have no
build for a Python are left out by its own skips.
"""

from __future__ import annotations

import nox

nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["newest", "oldest", "pandas2"]

SUITE = ("pytest", "-n", "auto", "--dist", "loadfile")
OLDEST = ("torch==2.6.0", "numpy==2.0.2", "pandas==2.2.3")
"""The lower bounds of ``pyproject.toml``, in their last release."""

EXTRAS = "calendars,excel,fetch,ray,remote,tensorboard,xarray"
"""All but the backtesters, which ask for newer versions, and what is for developing alone."""


@nox.session(python=["3.11", "3.12", "3.13"])
def newest(session: nox.Session) -> None:
    """The newest versions that ``pyproject.toml`` allows."""
    session.install("--editable", ".[dev]")
    session.run(*SUITE, *session.posargs)


@nox.session(python="3.11")
def oldest(session: nox.Session) -> None:
    """The oldest versions of torch, numpy and pandas."""
    session.install("--editable", f".[{EXTRAS}]", *OLDEST)
    session.install(*OLDEST, "hypothesis", "jsonschema", "pytest", "pytest-xdist", "statsmodels")
    session.run(*SUITE, *session.posargs)


@nox.session(python="3.11")
def pandas2(session: nox.Session) -> None:
    """The newest versions with pandas 2."""
    session.install("--editable", ".[dev]", "pandas<3")
    session.run(*SUITE, *session.posargs)
