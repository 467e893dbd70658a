"""A small exercise mission behind the server, and somebody logged in for every role."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from truceline.mission.desk import Desk
from truceline.mission.exercise import run_exercise
from truceline.mission.staff import add_account
from truceline.records.roles import ROLES

if TYPE_CHECKING:  # the tests themselves say what is missing where the extra is not installed
    from fastapi.testclient import TestClient

PASSWORD = "four words make one"
ACCOUNTS = {
    "observer": {"signs_as": "EXERCISE-patrol-99"}, "officer": {"signs_as": "officer-1"}, "auditor": {}, "commissioner": {"signs_as": "commission"},
    "liaison": {"party": "party-1"}, "mediator": {"signs_as": "mediator-1"}, "admin": {},
}  # fmt: skip
LogIn = Callable[[str], "TestClient"]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One exercise with its accounts for all tests of the server; they work on copies."""
    root = tmp_path_factory.mktemp("web") / "mission"
    run_exercise(root, formats=("html", "csv"), scale=0.3)
    desk = Desk(root)
    desk.refresh()
    for role, more in ACCOUNTS.items():
        add_account(desk, name=role, role=role, password=PASSWORD, **more)
    add_account(desk, name="second officer", role="officer", password=PASSWORD, signs_as="officer-2")
    add_account(desk, name="other liaison", role="liaison", password=PASSWORD, party="party-2")
    desk.close()
    return root


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "mission")
    shutil.copytree(made.with_name("mission.keys"), tmp_path / "mission.keys")
    return tmp_path / "mission"


@pytest.fixture
def desk(root: Path) -> Iterator[Desk]:
    held = Desk(root)
    yield held
    held.close()


@pytest.fixture
def log_in(desk: Desk) -> Iterator[LogIn]:
    """A client of an account; `public` has none."""
    from fastapi.testclient import TestClient

    from truceline.web.application import create_app

    app = create_app(desk)
    opened: list[TestClient] = []

    def enter(name: str) -> TestClient:
        client = TestClient(app, base_url="http://testserver", follow_redirects=False)
        opened.append(client)
        if name != "public":
            answer = client.post("/login", data={"name": name, "password": PASSWORD})
            assert answer.status_code == 303, answer.text
        return client

    yield enter
    for client in opened:
        client.close()


@pytest.fixture
def csrf() -> Callable[[TestClient], str]:
    """The secret of a session's forms, as a page shows it."""

    def of(client: TestClient) -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', client.get("/account").text)
        assert found
        return found[1]

    return of


assert set(ACCOUNTS) == set(ROLES) - {"public"}
