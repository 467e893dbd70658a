"""What operator and commission change of the agreed settings and policies, as entries of the log.

Settings that decide on which day something counts (reporting cut-off and zone), whether anything is simulated, and to
whom evidence is sealed are those of the genesis entry for ever: figures of different days could not be compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from truceline.errors import UsageError
from truceline.log.levels import lay_out as lay_out_policies
from truceline.log.notes import VerifierKey
from truceline.records.kinds import Kind, Settings

if TYPE_CHECKING:
    from truceline.mission.mission import Mission

Value = str | int | bool
CHANGEABLE: Mapping[str, tuple[type[Value], int, int]] = {
    "disclosure_delay_ms": (int, 0, 366 * 86_400_000),
    "batch_size": (int, 1, 4096),
    "commit_cadence_ms": (int, 0, 86_400_000),
    "publish_sides": (bool, 0, 1),
}
"""Name -> type, least and greatest value."""


def parse(words: list[str]) -> dict[str, Value]:
    """Settings from words NAME=VALUE. Raises UsageError LOG-145."""
    made: dict[str, Value] = {}
    for word in words:
        name, equals, text = word.partition("=")
        kind = CHANGEABLE.get(name, (str,))[0]
        if kind is bool and text in ("true", "false"):
            made[name] = text == "true"
        elif kind is int and text.isascii() and text.isdecimal():
            made[name] = int(text)
        else:
            raise _wrong(name if equals else word, text)
    check(Settings(settings=made))
    return made


def check(body: Kind) -> None:
    """A settings entry must change what may be changed, to what it may be. Raises UsageError LOG-145."""
    for name, value in (body.settings if isinstance(body, Settings) else {}).items():
        kind, least, most = CHANGEABLE.get(name, (type(None), 0, 0))
        if type(value) is not kind or not least <= int(value) <= most:
            raise _wrong(name, value)


def current(mission: Mission, before: int | None = None) -> dict[str, Value]:
    """What was changed since the genesis, as it stood before an entry; now when None."""
    made: dict[str, Value] = {}
    for _, body in mission.of(Settings, before):
        made |= body.settings
    return made


def of_log(text: str, key: VerifierKey, *, anew: bool = False) -> str:
    """A policy that knows the log: the line is put first where there is none; `anew`: instead of those that there are."""
    lines = text.splitlines(keepends=True)
    named = [line for line in lines if line.split()[:1] == ["log"]]
    if named and not anew:
        return text
    return "".join([f"log {key}\n", *(line for line in lines if line not in named)])


def lay_out(mission: Mission) -> list[str]:
    """Put the pinned policies into `policy/`; the names that changed. Raises EnvironmentFailure ENV-001."""
    mission.log.refresh()
    return lay_out_policies(mission.root, mission.log.chain.pinned)


def _wrong(name: str, value: object) -> UsageError:
    limits = ", ".join(f"{one} ({least} to {most})" if kind is int else f"{one} (true or false)" for one, (kind, least, most) in CHANGEABLE.items())  # fmt: skip
    return UsageError(
        "LOG-145", "a setting must be one that may be changed, within its limits", where=name, value=value,
        remedy=f"These may: {limits}. The others are the genesis entry's for ever.",
    )  # fmt: skip
