"""metrics.json is what docs/metrics.schema.json says, and nothing else is."""

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from evaluation_example import example_evaluation, example_panel
from jsonschema import Draft202012Validator

from tsgan.results import SCHEMA, Evaluation, Group, Verdict

FILE = Path(__file__).parent.parent / "docs" / "metrics.schema.json"
RULES: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    Draft202012Validator.check_schema(RULES)
    return Draft202012Validator(RULES)


@pytest.fixture
def document() -> dict[str, Any]:
    return copy.deepcopy(example_evaluation(300).to_dict())


def bare() -> Evaluation:
    whole = example_evaluation(50)
    return replace(whole, rows=(), warnings=(), curves=None, held_out=0)


@pytest.mark.parametrize(
    "evaluation", [example_evaluation(300), example_panel(3), bare()], ids=["one", "many", "bare"]
)
def test_what_is_written_is_valid(evaluation: Evaluation, validator: Draft202012Validator) -> None:
    text = json.dumps(evaluation.to_dict(), allow_nan=False)
    validator.validate(json.loads(text))


def test_example_has_what_the_schema_allows(document: dict[str, Any]) -> None:
    rows = document["metrics"]
    assert {row["verdict"] for row in rows} == set(get_args(Verdict))
    assert any(row["held_out"] and row["held_out"]["verdict"] == "skipped" for row in rows)
    assert all(any(row[name] for row in rows) for name in rows[0])
    assert any(row["band"] is None and row["verdict"] != "skipped" for row in rows)


def test_schema_knows_every_group_verdict_and_the_version() -> None:
    kinds = RULES["$defs"]
    assert kinds["row"]["properties"]["group"]["enum"] == list(get_args(Group))
    assert kinds["verdict"]["enum"] == list(get_args(Verdict))
    assert kinds["evaluation"]["properties"]["schema"]["const"] == SCHEMA


def test_every_property_is_required_and_described() -> None:
    for kind in ("row", "evaluation"):
        rules = RULES["$defs"][kind]
        assert rules["required"] == list(rules["properties"])
        for name, rule in rules["properties"].items():
            target = RULES["$defs"].get(rule.get("$ref", "").rpartition("/")[2], {})
            assert "description" in {**target, **rule}, name


def change(*path: str | int, to: Any) -> Callable[[dict[str, Any]], None]:
    def make(document: dict[str, Any]) -> None:
        inner: Any = document
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = to

    return make


def without(*path: str | int) -> Callable[[dict[str, Any]], None]:
    def make(document: dict[str, Any]) -> None:
        inner: Any = document
        for step in path[:-1]:
            inner = inner[step]
        del inner[path[-1]]

    return make


@pytest.mark.parametrize(
    "spoil",
    [
        change("schema", to=2),
        change("more", to=1),
        change("returns", to=-1),
        change("returns", to=10.5),
        change("band", "quantiles", to=[0.05, 0.5]),
        change("band", "more", to=1),
        change("rows_of_seventeen", "within noise", to=3),
        change("warnings", to="one"),
        change("assets", to={"a": {"name": "a"}}),
        change("metrics", 0, "more", to=1),
        change("metrics", 0, "value", to=-0.1),
        change("metrics", 0, "value", to=None),
        change("metrics", 0, "verdict", to="good"),
        change("metrics", 0, "group", to="other"),
        change("metrics", 0, "band", to=[0.1, 0.2]),
        change("metrics", 0, "interval", to=[0.1]),
        change("metrics", 0, "baselines", to={"GARCH": "0.1"}),
        change("metrics", 0, "held_out", "more", to=1),
        change("metrics", 0, "held_out", "value", to=None),
        change("metrics", 3, "value", to=0.3),
        change("metrics", 3, "note", to=""),
        without("held_out_returns"),
        without("metrics", 0, "spread"),
        without("metrics", 0, "held_out", "training"),
        without("rows_of_seventeen", "skipped"),
    ],
)
def test_wrong_documents_fail(
    spoil: Callable[[dict[str, Any]], None],
    document: dict[str, Any],
    validator: Draft202012Validator,
) -> None:
    assert validator.is_valid(document)
    spoil(document)
    assert not validator.is_valid(document)
