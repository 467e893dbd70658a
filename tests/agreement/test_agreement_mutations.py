"""The cases of each library agreement notice when any distance, number, comparison, duration or time is changed."""

from __future__ import annotations

import pytest

from truceline import agreement
from truceline.agreement.folder import FORMAT, changed
from truceline.records.canonical import canonical


@pytest.mark.slow
@pytest.mark.parametrize("name", agreement.library())
def test_every_changed_threshold_sign_and_date_fails_a_case(name: str) -> None:
    one = agreement.load(name)
    found = agreement.survey(one)
    assert [str(mutant) for mutant in found.survivors] == []
    undated = not list(agreement.mutants(one))  # principles that were never given a number or a date
    assert found.noticed >= 5 or (undated and name == "karabakh-basic-principles")


def test_every_kind_of_change_is_made_somewhere_in_the_library() -> None:
    kinds = {one.kind for name in agreement.library() for one in agreement.mutants(agreement.load(name))}
    assert kinds >= {"distance", "sign", "calibre", "number", "duration", "hour", "day"}


def test_an_edge_without_a_case_survives() -> None:
    one = agreement.load("exercise-accord")
    text = one.files["cases/accord.yaml"]
    few = text[: text.index("\n  - id: ", text.index("\n  - id: ") + 5)]
    files = {name: body for name, body in one.files.items() if not name.startswith("cases/")} | {
        "cases/few.yaml": few
    }
    poor = agreement.unpack(canonical({"format": FORMAT, "files": files}))
    assert len(agreement.survey(poor).survivors) > 5


def test_only_the_later_readings_of_what_was_never_agreed_are_idle() -> None:
    assert agreement.survey(agreement.load("moscow-2020-10-10")).idle == 3


def test_taking_a_width_for_a_distance_fails_a_case() -> None:
    package = agreement.load("minsk-2015-package")
    mutant = changed(package, package.files["agreement.yaml"].replace("width_m", "distance_m"))
    assert {item.case for item in agreement.run_cases(mutant).failures} >= {"gun-100mm-just-outside"}
