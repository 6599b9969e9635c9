"""Findings name their rows as stretches of lines."""

from __future__ import annotations

import json
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tsgan.data.findings import Finding, line_ranges, lines_listed


@given(st.lists(st.integers(1, 60)))
def test_stretches_hold_each_line_once_and_touch_nowhere(numbers: list[int]) -> None:
    ranges = line_ranges(numbers)
    listed = [n for first, last in ranges for n in range(first, last + 1)]
    assert listed == sorted(set(numbers))
    assert all(last + 1 < first for (_, last), (first, _) in pairwise(ranges))
    assert Finding("missing", "dropped", ranges, "").count == len(set(numbers))


def test_findings_are_written_as_people_write_lines() -> None:
    ranges = line_ranges([12, 3, 9, 10, 11])
    assert ranges == ((3, 3), (9, 12)) and lines_listed(ranges) == "3, 9–12"
    assert lines_listed(()) == "" and line_ranges(iter(())) == ()
    finding = Finding("stale", "kept", ranges, "Kept 5 rows.")
    assert json.loads(json.dumps(finding.to_dict())) == {
        "kind": "stale",
        "action": "kept",
        "rows": 5,
        "lines": "3, 9–12",
        "text": "Kept 5 rows.",
    }
