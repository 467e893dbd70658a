"""The cases of each library agreement notice when a distance, a width, a comparison or an hour is changed."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from truceline import agreement
from truceline.agreement.folder import FORMAT
from truceline.errors import TrucelineError
from truceline.records.canonical import canonical

_SIGNS = {">=": ">", "<=": "<", ">": ">=", "<": "<="}


def _mutants() -> list[tuple[str, str, str]]:
    return [
        (name, f"{number}: {match[0]} to {new}", _put(text, number, match, new))
        for name in agreement.library()
        for text in [agreement.load(name).files["agreement.yaml"]]
        for number, line in enumerate(text.splitlines(), 1)
        for match, new in _changes(line)
    ]


def _changes(line: str) -> Iterator[tuple[re.Match[str], str]]:
    for match in re.finditer(r"(within_m|beyond_m|distance_m|width_m): (\d+)", line):
        step = 1000 if match[1] == "width_m" else 500
        yield match, f"{match[1]}: {int(match[2]) - step}"
        yield match, f"{match[1]}: {int(match[2]) + step}"
    for match in re.finditer(r'"(>=|<=|>|<) (\d+) mm"', line):
        yield match, f'"{_SIGNS[match[1]]} {match[2]} mm"'
    if "from:" in line:
        for match in re.finditer(r"T(\d\d):(\d\d)", line):
            yield match, f"T{(int(match[1]) + 1) % 24:02d}:{match[2]}"
        for match in re.finditer(r"zone: (Etc/GMT-4|Europe/Kyiv)\}$", line):
            yield match, "zone: Etc/UTC}"


def _put(text: str, number: int, match: re.Match[str], new: str) -> str:
    lines = text.splitlines(keepends=True)
    line = lines[number - 1]
    lines[number - 1] = line[: match.start()] + new + line[match.end() :]
    return "".join(lines)


MUTANTS = _mutants()


def test_there_are_mutants_of_every_agreement_with_distances() -> None:
    assert {name for name, _, _ in MUTANTS} >= {
        "exercise-accord",
        "minsk-2014-memorandum",
        "minsk-2015-package",
    }
    assert len(MUTANTS) >= 30


@pytest.mark.parametrize(("name", "text"), [pytest.param(n, t, id=f"{n} {what}") for n, what, t in MUTANTS])
def test_a_changed_number_or_comparison_fails_a_case(name: str, text: str) -> None:
    files = agreement.load(name).files | {"agreement.yaml": text}
    try:
        mutant = agreement.unpack(canonical({"format": FORMAT, "files": files}))
    except TrucelineError:
        return
    assert agreement.run_cases(mutant).failures


def test_moving_the_earlier_noon_of_the_moscow_statement_fails_a_case() -> None:
    files = agreement.load("moscow-2020-10-10").files
    for old, new in (
        ('{local: "2020-10-10T12:00", zone: Asia/Yerevan', '{local: "2020-10-10T13:00", zone: Asia/Yerevan'),
        ('{local: "2020-10-10T12:00", zone: Asia/Yerevan', '{local: "2020-10-10T11:00", zone: Asia/Yerevan'),
    ):
        text = files["agreement.yaml"].replace(old, new)
        assert text != files["agreement.yaml"]
        mutant = agreement.unpack(canonical({"format": FORMAT, "files": files | {"agreement.yaml": text}}))
        assert agreement.run_cases(mutant).failures


def test_taking_a_width_for_a_distance_fails_a_case() -> None:
    files = agreement.load("minsk-2015-package").files
    text = files["agreement.yaml"].replace("width_m", "distance_m")
    mutant = agreement.unpack(canonical({"format": FORMAT, "files": files | {"agreement.yaml": text}}))
    assert {item.case for item in agreement.run_cases(mutant).failures} >= {"gun-100mm-just-outside"}
