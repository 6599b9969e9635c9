"""The wheel holds everything and works where nothing else of the project is."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SETUPTOOLS = PROJECT["tool"]["setuptools"]
FOLDERS = {name: ROOT / folder for name, folder in SETUPTOOLS["package-dir"].items()}


def run(*command: object, **options: object) -> str:
    ran = subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **options,  # type: ignore[call-overload]
    )
    assert ran.returncode == 0, ran.stdout
    return str(ran.stdout)


def packages() -> Iterator[Path]:
    """Yield the folders of the project that hold ``__init__.py``."""
    for folder, below, files in os.walk(ROOT):  # does not follow links
        below[:] = [n for n in below if not n.startswith(".") and n not in ("build", "tests")]
        if "__init__.py" in files:
            yield Path(folder)


def sources() -> list[Path]:
    return [file for folder in FOLDERS.values() for file in sorted(folder.glob("*.py"))]


def test_packages_are_the_folders_with_an_init() -> None:
    assert set(packages()) == set(FOLDERS.values())
    assert set(SETUPTOOLS["packages"]) == set(FOLDERS)


def test_links_lead_to_the_folders() -> None:
    for name in ("data", "cli"):
        assert (ROOT / "tsgan" / name).resolve() == ROOT / name


def distributions(lines: list[str]) -> set[str]:
    """Return the names of requirements."""
    return {re.split(r"[<>=!~;\[ ]", line)[0].lower().replace("_", "-") for line in lines}


def imported(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the foreign packages that statements import."""
    names = set[str]()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module).split(".")[0])
    return names - set(sys.stdlib_module_names) - {"tsgan"}


def test_every_import_is_declared() -> None:
    project = PROJECT["project"]
    always = distributions(project["dependencies"])
    extras = [lines for name, lines in project["optional-dependencies"].items() if name != "dev"]
    sometimes = always.union(*map(distributions, extras))
    sometimes.add("scikit-learn")  # skfolio brings it, and is the only one to ask for it
    owners = packages_distributions()
    for file in sources():
        module = ast.parse(file.read_text())
        for nodes, declared in ((module.body, always), (ast.walk(module), sometimes)):
            for name in imported(nodes):
                found = distributions(owners.get(name, [name]))
                assert found & declared, f"{file.name}: {name}"


def test_torch_is_bounded() -> None:
    assert "torch>=2.6,<2.14" in PROJECT["project"]["dependencies"]


@pytest.mark.parametrize(
    ("extra", "line"),
    [
        ("tensorboard", "tensorboard>=2.18"),
        ("excel", "python-calamine>=0.3"),
        ("fetch", "yfinance>=1.0"),
        ("calendars", "exchange-calendars>=4.6"),
        ("remote", "fsspec>=2024.2"),
        ("xarray", "xarray>=2025.1.2"),
    ],
)
def test_extras_are_what_developers_have_too(extra: str, line: str) -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    assert extras[extra] == [line]
    assert line in extras["dev"]
    assert line not in PROJECT["project"]["dependencies"]


def test_developers_have_the_libraries_that_are_written_for() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    assert extras["backtests"] and set(extras["backtests"]) <= set(extras["dev"])


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a copy of the project, whose folders it leaves alone."""
    pytest.importorskip("setuptools", reason="the wheel is built without isolation")
    pytest.importorskip("build", reason="the wheel is built with the package build")
    copy = tmp_path_factory.mktemp("source") / "project"
    copy.mkdir()
    for name in ("tsgan", "data", "cli"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, copy / name, symlinks=True, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", copy)
    (built,) = (copy / "dist").iterdir()
    return built


def test_wheel_holds_every_module_and_template(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    expected = {"tsgan/py.typed", "tsgan/report.html.j2", "tsgan/report.css.j2"}
    for package, folder in FOLDERS.items():
        expected |= {f"{package.replace('.', '/')}/{file.name}" for file in folder.glob("*.py")}
    for folder in ("tsgan", "tsgan/images"):
        expected |= {f"{folder}/{file.name}" for file in (ROOT / folder).glob("*.j2")}
    samples = [*(ROOT / "data" / "samples").glob("*.gz"), ROOT / "data/samples/README.md"]
    expected |= {f"tsgan/data/samples/{file.name}" for file in samples}
    assert len(expected) > 50
    assert {name for name in names if ".dist-info/" not in name} == expected
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_wheel_works_where_nothing_else_is(wheel: Path, tmp_path: Path) -> None:
    target, nowhere = tmp_path / "site", tmp_path / "nowhere"
    nowhere.mkdir()
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(*pip, "--no-deps", "--no-index", "--target", target, wheel)
    place = {"cwd": nowhere, "env": {**os.environ, "PYTHONPATH": str(target)}}
    assert "generate" in run(sys.executable, "-m", "tsgan", "--help", **place)
    program = (
        "import importlib, pathlib, pkgutil, tsgan, tsgan.report\n"
        "home = pathlib.Path(tsgan.__file__).parent\n"
        "for found in pkgutil.walk_packages([str(home)], 'tsgan.'):\n"
        "    if found.name != 'tsgan.__main__':\n"
        "        importlib.import_module(found.name)\n"
        "from tsgan.page import environment\n"
        "for folder, name in ((home, 'report'), (home / 'images', 'image_report')):\n"
        "    environment([folder]).get_template(f'{name}.html.j2')\n"
        "print(home)"
    )
    assert run(sys.executable, "-c", program, **place).strip() == str(target / "tsgan")
    assert (target / "bin" / "tsgan").exists()
