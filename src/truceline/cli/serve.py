"""`truceline serve` and `truceline account`: the mission server, and who may log in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from truceline.cli.common import AsJson, Folder, Keys, emit, note, table
from truceline.errors import EnvironmentFailure

Starter = Callable[[Path, Path | None, str | None, str, int], None]
Database = Annotated[
    str | None,
    typer.Option("--database", metavar="URL", envvar="TRUCELINE_DATABASE", help="Of SQLAlchemy, e.g. postgresql+psycopg://localhost/mission; a file in the mission's folder unless given.", show_default=False),
]  # fmt: skip

account = typer.Typer(help="Accounts of the mission server.", no_args_is_help=True)
_starter: list[Starter] = []


def start_with(starter: Starter) -> None:
    """What starts the server; the floor above gives it, since commands and pages do not know each other."""
    _starter[:] = [starter]


def serve(
    folder: Folder,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8080,
    database: Database = None,
    keys: Keys = None,
) -> None:
    """Open the mission's rooms to browsers and programs: `truceline account add` first says who may log in."""
    with _wanting_extra():
        _starter[0](folder, keys, database, host, port)


@account.command()
def add(
    folder: Folder,
    name: Annotated[str, typer.Argument(help="What is typed at the login: a function, not a person's name.")],
    role: Annotated[str, typer.Option(help="observer, officer, auditor, commissioner, liaison, mediator or admin.")],
    party: Annotated[str, typer.Option(help="The party of a liaison.")] = "",
    signs_as: Annotated[str, typer.Option(help="The key of an officer.")] = "",
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True, envvar="TRUCELINE_PASSWORD", help="Asked for unless the environment holds it; never give it on the command line of a shared machine.")] = "",
    database: Database = None,
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Add an account."""
    with _wanting_extra():
        from truceline.mission.desk import Desk
        from truceline.mission.staff import add_account

        desk = Desk(folder, keys, database)
        try:
            add_account(desk, name=name, role=role, password=password, party=party, signs_as=signs_as)
        finally:
            desk.close()
    emit({"name": name, "role": role}, as_json, f"{name} may log in as {role}.")


@account.command(name="list")
def list_(folder: Folder, database: Database = None, as_json: AsJson = False) -> None:
    """List the accounts."""
    with _wanting_extra():
        from truceline.mission.desk import Desk
        from truceline.store import accounts

        desk = Desk(folder, None, database)
        held = accounts.all_people(desk.database)
        desk.close()
    rows = [(one.name, one.role, one.party, one.signs_as, "no" if one.disabled else "yes") for one in held]
    told = [dict(zip(("name", "role", "party", "signs_as", "enabled"), row, strict=True)) for row in rows]
    emit(
        {"accounts": told},
        as_json,
        table(rows, ("name", "role", "party", "signs as", "enabled")) if rows else "No account yet.",
    )


class _wanting_extra:  # noqa: N801 - reads as a clause
    """Say which packages are missing, and how to get them."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, problem: BaseException | None, trace: object) -> None:
        if isinstance(problem, ModuleNotFoundError):
            raise EnvironmentFailure(
                "CLI-060", "the mission server needs its packages", value=problem.name,
                remedy="Install them: pip install 'truceline[serve]'.",
            ) from problem  # fmt: skip


def said(url: str) -> None:
    """Where the server can be reached, for a person."""
    note(f"The mission's rooms are open at {url} (Ctrl-C closes them).")
