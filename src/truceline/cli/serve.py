"""`truceline serve` and `truceline account`: the mission server, and who may log in."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import typer

from truceline.cli.common import AsJson, Folder, Keys, emit, note, table
from truceline.errors import EnvironmentFailure, UsageError

Starter = Callable[[Path, Path | None, str | None, str, int], None]
Database = Annotated[
    str | None,
    typer.Option("--database", metavar="URL", envvar="TRUCELINE_DATABASE", help="Of SQLAlchemy, e.g. postgresql+psycopg://localhost/mission; a file in the mission's folder unless given.", show_default=False),
]  # fmt: skip

SETTINGS: Final[dict[str, type]] = {"host": str, "port": int, "database": str, "keys": str}

account = typer.Typer(help="Accounts of the mission server.", no_args_is_help=True)
_starter: list[Starter] = []


def start_with(starter: Starter) -> None:
    """What starts the server; the floor above gives it, since commands and pages do not know each other."""
    _starter[:] = [starter]


def serve(
    folder: Folder,
    host: Annotated[str | None, typer.Option(help="Address to listen on; 127.0.0.1 unless given.", show_default=False)] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on; 8080 unless given.", show_default=False)] = None,
    database: Database = None,
    keys: Keys = None,
    config: Annotated[Path | None, typer.Option("--config", metavar="FILE", envvar="TRUCELINE_CONFIG", help="TOML file with host, port, database, keys; what is given here wins.", show_default=False)] = None,
) -> None:  # fmt: skip
    """Open the mission's rooms to browsers and programs: `truceline account add` first says who may log in."""
    told = _settings(config)
    with _wanting_extra():
        _starter[0](
            folder, keys or (Path(str(told["keys"])) if "keys" in told else None),
            database or (str(told["database"]) if "database" in told else None),
            host or str(told.get("host", "127.0.0.1")), port if port is not None else int(told.get("port", 8080)),
        )  # fmt: skip


def _settings(path: Path | None) -> dict[str, str | int]:
    """The settings of a file. Raises UsageError WEB-001 one that is none or does not fit, WEB-002 no such TOML file."""
    if path is None:
        return {}
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise UsageError("WEB-002", "the configuration must be a TOML file in UTF-8", where=str(path), value=str(problem), remedy="Correct it; deploy/server.toml is an example.") from problem  # fmt: skip
    for name, value in told.items():
        wanted = SETTINGS.get(name)
        if (
            wanted is None
            or type(value) is not wanted
            or (name == "port" and not 0 <= int(str(value)) <= 65_535)
        ):
            raise UsageError("WEB-001", "a setting of the server must be known and fit", where=f"{path}: {name}", value=value, remedy=f"Known: {', '.join(f'{key} ({kind.__name__})' for key, kind in SETTINGS.items())}.")  # fmt: skip
    return told


def rebuild(
    folder: Folder,
    check: Annotated[bool, typer.Option("--check", help="Only compare; exit code 1 where something differs.")] = False,
    database: Database = None,
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Make every view again from the log and its originals, hold it against what stood, and put it in its place."""
    with _wanting_extra():
        from truceline.mission.rebuilding import rebuild as again

        made = again(folder, keys, database, check=check)
    rows = [
        (one.view, str(one.rows), str(one.missing), str(one.extra), str(one.altered)) for one in made.views
    ]
    told = "\n".join(f"{name}: {'as the log says' if same else 'NOT as the log says'}" for name, same in made.results.items())  # fmt: skip
    text = f"{told}\n{table(rows, ('view', 'rows', 'missing', 'extra', 'altered'))}"
    if made.replaced:
        text += "\nWhat stood was replaced."
    emit(
        {"results": made.results, "views": [dataclasses.asdict(one) for one in made.views], "same": made.same, "replaced": made.replaced},
        as_json, text,
    )  # fmt: skip
    if not all(made.results.values()) or (check and not made.same):
        raise typer.Exit(1)


@account.command()
def add(
    folder: Folder,
    name: Annotated[str, typer.Argument(help="What is typed at the login: a function, not a person's name.")],
    role: Annotated[str, typer.Option(help="observer, officer, auditor, commissioner, liaison, mediator or admin.")],
    party: Annotated[str, typer.Option(help="The party of a liaison.")] = "",
    signs_as: Annotated[str, typer.Option(help="The key of an officer, commissioner or mediator; the source of an observer.")] = "",
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
