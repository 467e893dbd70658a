"""Blind reading: nobody sees another's answers before all have committed, and nobody can change theirs afterwards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from truceline import agreement as agreements
from truceline.agreement import blind
from truceline.cli.main import app
from truceline.errors import AgreementError

SALTS = {"north": "00" * 32, "south": "11" * 32, "east": "22" * 32}


@pytest.fixture(scope="module")
def accord() -> agreements.Agreement:
    return agreements.load("exercise-accord")


def filled(accord: agreements.Agreement, **other: str) -> dict[str, Any]:
    """A sheet with the encoded answers, but for those of `other` (case -> word)."""
    made = blind.sheet(accord)
    expected = {case.id: case.expect for case in accord.cases}
    for case in made["cases"]:
        for article in case["answers"]:
            word = other.get(case["id"].replace("-", "_"), expected[case["id"]][article][0])
            case["answers"][article] = word
    return made


def readings(accord: agreements.Agreement, **sheets: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    told = [blind.reading(one, accord, party, SALTS[party]) for party, one in sheets.items()]
    return [blind.commitment(one) for one in told], told


def test_the_sheet_does_not_give_the_answers_away(accord: agreements.Agreement) -> None:
    for case in blind.sheet(accord)["cases"]:
        assert not {"expect", "why"} & case.keys()
        assert set(case["answers"].values()) == {""}


def test_readers_who_agree_differ_nowhere(accord: agreements.Agreement) -> None:
    made = readings(accord, north=filled(accord), south=filled(accord))
    differences, counts = blind.compare(accord, *made)
    assert differences == []
    assert all(one["asked"] == one["agree"] for one in counts.values())


def test_a_difference_names_article_case_and_both_answers_in_any_order(accord: agreements.Agreement) -> None:
    case = accord.cases[0]
    article = sorted(case.expect)[0]
    other = {case.id.replace("-", "_"): "cannot_say"}
    promised, told = readings(
        accord, north=filled(accord), south=filled(accord, **other), east=filled(accord)
    )
    differences, counts = blind.compare(accord, promised, told)
    assert (differences[0].article, differences[0].case) == (article, case.id)
    assert differences[0].answers["south"] == "cannot_say"
    assert counts[article]["differ"] == 1
    assert blind.compare(accord, promised[::-1], told[::-1]) == (differences, counts)


def test_readers_who_agree_against_what_was_encoded_are_told(accord: agreements.Agreement) -> None:
    case = next(one for one in accord.cases if all("breach" not in words for words in one.expect.values()))
    other = {case.id.replace("-", "_"): "breach"}
    differences, counts = blind.compare(accord, *readings(accord, north=filled(accord, **other), south=filled(accord, **other)))  # fmt: skip
    assert {one.case for one in differences} == {case.id}
    assert sum(one["otherwise_encoded"] for one in counts.values()) == len(case.expect)


def test_an_answer_changed_after_the_commitment_is_refused(accord: agreements.Agreement) -> None:
    promised, told = readings(accord, north=filled(accord), south=filled(accord))
    case = next(iter(told[0]["answers"]))
    told[0]["answers"][case] = dict.fromkeys(told[0]["answers"][case], "cannot_say")
    with pytest.raises(AgreementError, match="AGR-073") as caught:
        blind.compare(accord, promised, told)
    assert caught.value.where == "north"


def test_nothing_is_shown_until_all_who_committed_reveal(accord: agreements.Agreement) -> None:
    promised, told = readings(accord, north=filled(accord), south=filled(accord), east=filled(accord))
    for few in (told[:2], told[:1], [*told, told[0]], []):
        with pytest.raises(AgreementError, match="AGR-073"):
            blind.compare(accord, promised, few)


def test_a_commitment_cannot_be_guessed_from_the_answers(accord: agreements.Agreement) -> None:
    one, other = (
        blind.reading(filled(accord), accord, "north", salt)
        for salt in SALTS.values()
        if salt != SALTS["east"]
    )
    assert blind.commitment(one)["commitment"] != blind.commitment(other)["commitment"]


def test_readings_of_another_version_and_blanks_are_refused(accord: agreements.Agreement) -> None:
    with pytest.raises(AgreementError, match="AGR-072"):
        blind.reading(blind.sheet(accord), accord, "north", SALTS["north"])
    with pytest.raises(AgreementError, match="AGR-071"):
        blind.reading(filled(accord), agreements.load("moscow-2020-10-10"), "north", SALTS["north"])


def test_the_commands_from_sheet_to_comparison(accord: agreements.Agreement, tmp_path: Path) -> None:
    def run(*words: object) -> Any:
        ran = CliRunner().invoke(app, ["agreement", "read", *map(str, words), "--json"])
        return json.loads(ran.stdout) if ran.exit_code == 0 else ran.exception

    sheet = tmp_path / "sheet.yaml"
    assert run("sheet", "exercise-accord", "--out", sheet)["cases"] == len(accord.cases)
    assert run("sheet", "exercise-accord", "--out", sheet).code == "CLI-067"
    for party, word in (("north", "breach"), ("south", "no_breach")):
        case = accord.cases[0].id.replace("-", "_")
        path = tmp_path / f"{party}.yaml"
        path.write_text(yaml.safe_dump(filled(accord, **{case: word})), encoding="utf-8")
        assert run("commit", "exercise-accord", path, "--party", party, "--folder", tmp_path / "r")[
            "commitment"
        ]
    found = run("compare", "exercise-accord", "--folder", tmp_path / "r")
    assert found["differences"][0]["answers"] == {"north": "breach", "south": "no_breach"}
    (tmp_path / "r" / "north.reading.json").write_text("[]")
    assert run("compare", "exercise-accord", "--folder", tmp_path / "r").code == "CLI-068"
