"""`truceline agreement list`, `check`, `test`, `schema` and `duties`: the forms that scripts rely on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from truceline.cli.main import app
from truceline.errors import AgreementError

RUNNER = CliRunner()


def called(*words: str) -> tuple[int, str]:
    made = RUNNER.invoke(app, list(words))
    if made.exception is not None and not isinstance(made.exception, SystemExit):
        raise made.exception
    return made.exit_code, made.output


def test_list_tells_articles_and_cases_of_each() -> None:
    rows = json.loads(called("agreement", "list", "--json")[1])["library"]
    assert {"id", "articles", "cases"} <= set(rows[0])
    assert len(rows) >= 10
    assert all(row["articles"] >= 3 and row["cases"] >= 6 for row in rows)


def test_test_of_all_adds_up() -> None:
    code, out = called("agreement", "test", "--all", "--json")
    made = json.loads(out)
    assert code == 0
    assert made["failed"] == 0
    assert made["covered"] == made["articles"] == sum(one["articles"] for one in made["results"])
    assert made["agreements"] == len(made["results"])
    assert made["cases"] == sum(one["cases"] for one in made["results"]) > 300


def test_mutations_of_one_go_unnoticed_nowhere() -> None:
    code, out = called("agreement", "test", "minsk-2020-measures", "--mutate", "--json")
    assert code == 0
    assert json.loads(out)["results"][0]["unnoticed"] == []


def test_check_names_code_file_line_article_and_remedy() -> None:
    code, out = called("agreement", "check", "minsk-2015-addendum")
    assert code == 1
    assert "AGR-040 agreement.yaml:" in out
    assert "article 2" in out
    assert "39 days" in out


@pytest.mark.parametrize(
    ("known", "state"), [("2020-11-14T12:00", "overdue"), ("2020-11-16T12:00", "not_due")]
)
def test_duties_depend_on_what_was_known_of_the_text(known: str, state: str) -> None:
    out = called(
        "agreement",
        "duties",
        "trilateral-2020-11-10",
        "--as-of",
        "2020-11-20T12:00Z",
        "--known",
        known,
        "--json",
    )[1]
    assert [one["state"] for one in json.loads(out)["duties"] if one["article"] == "6(kalbajar)"] == [state]


def test_duties_take_a_file_of_facts(tmp_path: Path) -> None:
    file = tmp_path / "EXERCISE-facts.yaml"
    file.write_text(
        'facts:\n  - {kind: handed_over, subject: lachin, by: side-1, at: {local: "2020-11-30T10:00", zone: Asia/Baku}}\n'
    )
    out = called(
        "agreement", "duties", "trilateral-2020-11-10", "--facts", str(file), "--as-of", "2020-12-05T12:00"
    )[1]
    assert " met " in next(line for line in out.splitlines() if "6(lachin)" in line)


def test_a_fact_that_is_none_says_where(tmp_path: Path) -> None:
    file = tmp_path / "facts.yaml"
    file.write_text("facts:\n  - {kind: given_back}\n")
    with pytest.raises(AgreementError) as caught:
        called(
            "agreement",
            "duties",
            "trilateral-2020-11-10",
            "--facts",
            str(file),
            "--as-of",
            "2020-12-05T12:00",
        )
    assert caught.value.where == "facts.yaml:2"
