"""Starting an agreement: answers make a folder that loads and whose cases hold; what is left open is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from truceline import agreement as agreements
from truceline.agreement.begin import begin, questions
from truceline.cli.main import app
from truceline.errors import AgreementError

FULL = {
    "id": "two-banks", "title": "Accord of the two banks", "exercise": "yes", "parties": "p-1=First, p-2=Second, p-3=Third",
    "sides": "north: p-1 p-2; south: p-3", "start": "2031-05-01T00:00", "zone": "Etc/GMT-4", "line": "The river",
    "acts": "shelling, explosion", "fire_within_m": "20000", "calibre": ">= 100 mm", "distance_m": "15000", "flights_within_m": "5000",
    "access": "yes", "exercises": "no", "notice_hours": "48", "answer_hours": "6", "observers": "Agreed in the annex", "source": "EXERCISE draft",
}  # fmt: skip
MUST = {name: FULL[name] for name in ("id", "title", "exercise", "parties", "sides", "source")}


def made(answers: dict[str, str], folder: Path) -> agreements.Agreement:
    for name, text in begin(answers).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return agreements.load(folder)


@pytest.mark.parametrize("calibre", [">= 100 mm", "> 100 mm"])
def test_full_answers_make_an_agreement_whose_cases_hold(tmp_path: Path, calibre: str) -> None:
    one = made(FULL | {"calibre": calibre}, tmp_path)
    report = agreements.run_cases(one)
    assert report.passed, report.failures
    assert len(one.cases) == 5
    assert not any(article.shape == "undefined" for article in one.articles)


@pytest.mark.parametrize(
    "left",
    [
        name
        for name in FULL
        if name not in MUST and name not in ("zone", "line", "notice_hours", "answer_hours")
    ],
)
def test_each_answer_left_blank_alone_stands_as_something_to_be_agreed(tmp_path: Path, left: str) -> None:
    one = made(FULL | {left: ""}, tmp_path)
    assert agreements.run_cases(one).passed
    assert [article.shape for article in one.articles].count("undefined") == 1


def test_the_least_answers_still_make_an_agreement_that_says_what_is_open(tmp_path: Path) -> None:
    one = made(MUST, tmp_path)
    assert agreements.run_cases(one).passed
    assert [article.shape for article in one.articles].count("undefined") == len(one.articles)


BAD = {"parties": "P One", "sides": "north: p-1", "start": "noon", "zone": "Mars/Base", "acts": "thunder", "calibre": "100", "distance_m": "15 km", "exercise": "perhaps", "title": ""}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_an_answer_that_does_not_fit_is_refused_by_its_question(name: str) -> None:
    with pytest.raises(AgreementError, match="AGR-075") as caught:
        begin(FULL | {name: BAD[name]})
    assert name in caught.value.rule


def test_an_answer_to_no_question_and_a_stranger_on_a_side_are_refused() -> None:
    with pytest.raises(AgreementError, match="AGR-074"):
        begin(FULL | {"colour": "blue"})
    with pytest.raises(AgreementError, match="AGR-075"):
        begin(FULL | {"sides": "north: p-1; south: p-9"})


def test_by_file_and_by_hand_give_the_same_folder(tmp_path: Path) -> None:
    run = CliRunner()
    answers = tmp_path / "answers.yaml"
    answers.write_text(
        "".join(f"{name}: {json.dumps(one)}\n" for name, one in FULL.items()), encoding="utf-8"
    )
    assert (
        run.invoke(
            app, ["agreement", "new", str(tmp_path / "a"), "--answers", str(answers), "--json"]
        ).exit_code
        == 0
    )
    typed = "".join(f"{FULL[one.id]}\n" for one in questions())
    ran = run.invoke(app, ["agreement", "new", str(tmp_path / "b")], input=typed)
    assert ran.exit_code == 0, ran.output
    assert agreements.pack(tmp_path / "a") == agreements.pack(tmp_path / "b")
    again = run.invoke(app, ["agreement", "new", str(tmp_path / "a"), "--answers", str(answers)])
    assert getattr(again.exception, "code", "") == "CLI-067"
    blank = run.invoke(app, ["agreement", "new", "x", "--questions"])
    assert all(f"\n{one.id}: " in blank.output for one in questions()[1:])
