"""Pages and program say the same: the reference of commands is current, links lead somewhere, commands that are named exist."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from truceline.cli.main import app

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
GENERATE = ("typer", "truceline.cli.main", "utils", "docs", "--name", "truceline")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
TYPED = re.compile(r"^(?:\$ )?(?:truceline|\./dev run) (.+)$", re.M)
INLINE = re.compile(r"`(?:truceline|\./dev run) ([^`]+)`")


def test_the_reference_of_commands_is_current(tmp_path: Path) -> None:
    made = tmp_path / "commands.md"
    subprocess.run(
        [sys.executable, "-m", *GENERATE, "--output", str(made)], capture_output=True, check=True,
        env=os.environ | {"COLUMNS": "80"},
    )  # fmt: skip
    page = ROOT / "docs/reference/commands.md"
    assert page.read_text(encoding="utf-8").strip() == made.read_text(encoding="utf-8").strip(), (
        f"make it again: python -m {' '.join(GENERATE)} --output docs/reference/commands.md"
    )


def test_every_test_that_the_table_of_threats_names_is_there() -> None:
    named = set(
        re.findall(r"`(test_\w+)`", (ROOT / "docs/explanation/threats.md").read_text(encoding="utf-8"))
    )
    there = {
        name for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.M)
    }  # fmt: skip
    assert len(named) > 40
    assert named <= there, sorted(named - there)


def anchors(page: Path) -> set[str]:
    """Anchors of the headings, as forges make them."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    heads = re.findall(r"^#+ +(.+)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    for link in LINK.findall(text):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_that_are_named_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    if page.name == "commands.md":
        return
    for line in [*TYPED.findall(text), *INLINE.findall(text)]:
        words = shlex.split(line, comments=True)
        command = get_command(app)
        while isinstance(command, TyperGroup) and words and not words[0].startswith("-"):
            if words[0] not in command.commands and hasattr(command, "default"):
                words.insert(0, command.default)
            assert words[0] in command.commands, f"{line}: no command {words[0]}"
            command = command.commands[words.pop(0)]
            if command.name == "demo" and words and words[0] not in getattr(command, "commands", {}):
                break
        known = {option for one in command.params for option in (*one.opts, *one.secondary_opts)}
        for word in words:
            option = word.partition("=")[0]
            assert not option.startswith("--") or option in known | {"--help"}, f"{line}: no option {option}"
