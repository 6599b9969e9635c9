"""The lock file, and what is told of a release."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "constraints.txt"


def locked(text: str) -> dict[str, Version]:
    """The version of each name."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    names = [line.partition("==")[0] for line in lines]
    assert names == sorted(set(names))
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9-]*==[0-9a-z.!]+", line) for line in lines)
    return {name: Version(number) for name, _, number in (line.partition("==") for line in lines)}


def project() -> dict[str, list[str]]:
    found = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {**found["optional-dependencies"], "": found["dependencies"]}


@pytest.mark.parametrize("extra", ["", "dev"])
def test_lock_has_a_version_that_fits_of_all_that_is_required(extra: str) -> None:
    versions = locked(LOCK.read_text())
    for text in project()[extra]:
        one = Requirement(text)
        if one.marker is None or one.marker.evaluate({"python_version": "3.11"}):
            assert one.specifier.contains(versions[canonicalize_name(one.name)]), text


def test_lock_names_no_place_and_no_build() -> None:
    text = LOCK.read_text()
    assert not re.search(r"https?:|@|\+|--|file:", text)
    assert len(locked(text)) > 100 and "torch" in locked(text) and "tsgan" not in locked(text)


def test_make_installs_with_the_lock() -> None:
    text = (ROOT / "Makefile").read_text()
    assert "--constraint constraints.txt --editable '.[dev]'" in text
    assert "$(INSTALLED): pyproject.toml constraints.txt" in text


def recipe(target: str) -> list[str]:
    """The last command of a target of the Makefile, as this Python runs it."""
    text = (ROOT / "Makefile").read_text().partition(f"\n{target}: ")[2].partition("\n\n")[0]
    line = text.splitlines()[-1].strip().lstrip("@")
    assert line.startswith("$(BIN)/")
    return line.split()


def test_list_of_a_release_is_what_it_needs(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / ".ci" / "constraints.py"), "--runtime"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    (tmp_path / "runtime.txt").write_text(told)
    words = recipe("sbom")
    at = words.index("--output-file") + 1
    words[0], words[words.index("dist/runtime.txt")] = "cyclonedx_py", str(tmp_path / "runtime.txt")
    words[words.index("pyproject.toml")] = str(ROOT / "pyproject.toml")
    words[at] = str(tmp_path / "tsgan.cdx.json")
    subprocess.run([sys.executable, "-W", "ignore", "-m", *words], check=True, capture_output=True)
    made = json.loads((tmp_path / "tsgan.cdx.json").read_text())
    names = {each["name"] for each in made["components"]}
    assert made["bomFormat"] == "CycloneDX" and names == set(locked(told))
    assert {canonicalize_name(Requirement(text).name) for text in project()[""]} <= names
    assert not {"pytest", "ruff"} & names


def test_audit_is_strict_about_what_it_could_not_look_at() -> None:
    words = recipe("audit")
    assert words[0] == "$(BIN)/pip-audit" and "--strict" in words and words[-1] == "constraints.txt"
