from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

import pytest

from tsgan.errors import ConfigError
from tsgan.reading import RULES, ReadConfig

OTHERS = ReadConfig(
    dates="day-first",
    decimal="comma",
    returns="percent",
    sheet="Prices",
    missing="fill",
    fill_limit=2,
    duplicates="last",
    nonpositive="drop",
    glitches="keep",
    splits="adjust",
    stale="drop",
    weekends="drop",
    gaps="refuse",
    break_after=864_000.0,
    sessions="cut",
)


def test_the_first_choice_of_each_rule_is_the_default() -> None:
    assert {name: getattr(ReadConfig(), name) for name in RULES} == {
        name: choices[0] for name, choices in RULES.items()
    }


def test_every_setting_survives_the_way_through_json_types() -> None:
    usual = asdict(ReadConfig())
    assert all(value != usual[name] for name, value in asdict(OTHERS).items())
    assert ReadConfig.from_dict(OTHERS.to_dict()) == OTHERS
    assert ReadConfig.from_dict({}) == ReadConfig()


@pytest.mark.parametrize("name", [item.name for item in fields(ReadConfig)])
def test_a_setting_that_is_none_of_its_choices_is_refused(name: str) -> None:
    wrong: Any = 5 if name == "sheet" else "soon"
    with pytest.raises(ConfigError, match=rf"^{name}: expected .* got "):
        ReadConfig(**{name: wrong})


@pytest.mark.parametrize("values", [{"color": "red"}, ["dates"], None])
def test_foreign_settings_are_refused(values: object) -> None:
    with pytest.raises(ConfigError, match="reading: "):
        ReadConfig.from_dict(values)


@pytest.mark.parametrize(("name", "value"), [("fill_limit", 0), ("break_after", 0.0)])
def test_numbers_have_a_range(name: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=rf"^{name}: "):
        ReadConfig(**{name: value})
