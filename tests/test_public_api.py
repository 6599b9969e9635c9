"""What ``from tsgan import …`` promises."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys

import pytest

import tsgan
from tsgan import errors


def test_promised_names_are_these() -> None:
    assert {"TimeSeriesGAN", "read_prices", "evaluate"} <= set(tsgan.__all__)
    assert tsgan.__all__ == sorted(tsgan.__all__)
    assert set(tsgan._HOMES) == set(tsgan.__all__) == set(dir(tsgan))


@pytest.mark.parametrize("name", tsgan.__all__)
def test_name_can_be_imported_and_is_documented(name: str) -> None:
    value = getattr(tsgan, name)
    assert value is getattr(importlib.import_module(tsgan._HOMES[name]), name)
    text = inspect.getdoc(value)
    assert text and not text.startswith(f"{name}("), "a dataclass writes such a text by itself"
    assert value.__module__ == tsgan._HOMES[name]


@pytest.mark.parametrize("name", [n for n in tsgan.__all__ if inspect.isclass(getattr(tsgan, n))])
def test_public_methods_are_documented_and_typed(name: str) -> None:
    kind = getattr(tsgan, name)
    for method, value in vars(kind).items():
        function = inspect.unwrap(getattr(value, "fget", None) or getattr(value, "__func__", value))
        if method.startswith("_") or not inspect.isfunction(function):
            continue
        assert function.__doc__, method
        signature = inspect.signature(function)
        names = [p for p in signature.parameters if p not in ("self", "cls")]
        assert {*names, "return"} == set(function.__annotations__), method


def test_star_import_brings_all() -> None:
    names: dict[str, object] = {}
    exec("from tsgan import *", names)
    assert set(tsgan.__all__) <= set(names)


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'tsgan' has no attribute 'surprise'"):
        _ = tsgan.surprise  # type: ignore[attr-defined]
    with pytest.raises(ImportError):
        exec("from tsgan import surprise")


def test_package_is_imported_without_weight() -> None:
    program = "import sys, tsgan; print(sorted({'torch', 'pandas', 'numpy'} & set(sys.modules)))"
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "[]\n"


def test_every_domain_error_can_be_caught_as_one() -> None:
    kinds = [kind for kind in vars(errors).values() if inspect.isclass(kind)]
    raised = [kind for kind in kinds if not issubclass(kind, Warning)]
    assert raised and all(issubclass(kind, tsgan.TsganError) for kind in raised)
    assert {kind.__name__ for kind in kinds} <= set(tsgan.__all__)
