"""What the tutorials say to type is typed, in order, and must answer as they say; numbers are illustrations and only their places are compared."""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
TUTORIALS = sorted((DOCS / "tutorials").glob("*.md"))
BLOCK = re.compile(r"```console\n(.*?)```", re.S)
NUMBER = re.compile(r"\d[\d,]*")


def steps(page: str) -> list[tuple[str, str]]:
    """Commands with the output that the page shows below each."""
    found: list[tuple[str, str]] = []
    for block in BLOCK.findall(page):
        for line in block.splitlines(keepends=True):
            if line.startswith("$ "):
                found.append((line[2:].strip(), ""))
            else:
                command, shown = found[-1]
                found[-1] = command, shown + line
    return found


def without_numbers(text: str) -> str:
    """Numbers and the widths that follow from them taken out."""
    return re.sub(r" +", " ", re.sub(r"^ +| +$", "", NUMBER.sub("N", text), flags=re.M))


@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda path: path.stem)
def test_tutorial_runs_and_answers_as_it_says(tutorial: Path, tmp_path: Path) -> None:
    commands = steps(tutorial.read_text(encoding="utf-8"))
    assert commands
    environment = os.environ | {"COLUMNS": "200"}
    environment.pop("TRUCELINE_PROGRAM", None)
    for command, shown in commands:
        words = shlex.split(command)
        assert words[0] == "truceline", command
        ran = subprocess.run(
            [sys.executable, "-m", "truceline", *words[1:]], cwd=tmp_path, env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, encoding="utf-8",
        )  # fmt: skip
        assert ran.returncode == 0, f"{command}\n{ran.stdout}"
        want, got = without_numbers(shown), without_numbers(ran.stdout)
        assert doctest.OutputChecker().check_output(want, got, doctest.ELLIPSIS), (
            f"{command}\nshown:\n{shown}\ngot:\n{ran.stdout}"
        )


def test_the_comparison_can_fail() -> None:
    page = "```console\n$ truceline fuse m\n12 incidents: 3 reported.\n```\n"
    [(command, shown)] = steps(page)
    assert command == "truceline fuse m"
    check = doctest.OutputChecker().check_output
    assert check(without_numbers(shown), without_numbers("7,001 incidents: 0 reported.\n"), doctest.ELLIPSIS)
    assert not check(
        without_numbers(shown), without_numbers("7,001 incidents: 0 credible.\n"), doctest.ELLIPSIS
    )
