"""Which sentence each finding says, and what is set into it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from truceline.agreement.decide import Decided
from truceline.agreement.judge import FACTORS, Judged
from truceline.agreement.sentences import (
    ACT,
    CLOSED,
    EDGE,
    EXISTENCE,
    HIGH,
    LOW,
    ONE,
    RANGE,
    SPREAD,
    SUBJECT,
    UNKNOWN,
    Sentence,
    needs_of,
    reason_of,
)
from truceline.agreement.sheet import Sheet
from truceline.agreement.telling import Slot, Told, kilometres, packed, share, words
from truceline.agreement.words import millimetres
from truceline.records.codes import VERDICTS


def say(made: Decided, sheet: Sheet) -> tuple[Told, Told]:
    """Reasons and needs of n findings."""
    codes, states = packed(_states(made, sheet))
    sentences = [_sentence(made, state) for state in states]
    return (
        Told(codes, tuple(reason_of(one) for one in sentences), _slots(made, sheet)),
        Told(codes, tuple(needs_of(one) for one in sentences), {}),
    )


def _states(made: Decided, sheet: Sheet) -> dict[str, tuple[npt.NDArray[Any], int]]:
    """All that decides a sentence, as small numbers; 0 where the verdict's sentence does not ask."""
    is_ = {name: made.verdict == code for code, name in enumerate(VERDICTS)}
    scope, open_ = ~is_["out_of_scope"], is_["undetermined"]
    existence, product = sheet.existence[0], np.ones(sheet.n)
    for name in FACTORS:
        product = product * made.low[name]
    likely = product * existence >= 0.8
    start = np.array([_start(item) for item in made.judged])[made.best]
    weakest = np.argmin(np.stack([made.high[name] for name in FACTORS]), axis=0)
    flags = {
        "late": ~scope & (made.high["time"] <= 0),
        "other_act": ~scope & (made.high["act"] <= 0),
        "early": ~scope & (sheet.to_ms < start),
        "excepted": scope & made.excepted,
        "by_side": open_ & made.by_side,
        "unsure": open_ & (existence < 0.8),
        "kept": open_ & ~likely & (product >= 0.8),
        "hearsay": open_ & ~sheet.vouched & likely,
        "unvouched": open_ & ~sheet.vouched,
        "unsided": scope & sheet.side.isin(("undetermined",)),
    }
    found: dict[str, tuple[npt.NDArray[Any], int]] = {
        "verdict": (made.verdict, len(VERDICTS)),
        "best": (made.best, len(made.judged)),
        "place": (np.where(scope & made.placed, np.where(made.edge_m >= 0, 1, 2), 0), 3),
        "weakest": (np.where(is_["no_breach"], weakest, 0), len(FACTORS)),
        **{name: (flag, 2) for name, flag in flags.items()},
    }
    for name in FACTORS:
        low, high = made.low[name], made.high[name]
        kind = np.where((low <= 0) & (high >= 1), UNKNOWN, np.where(high - low < 0.005, ONE, RANGE))
        found[f"share {name}"] = (np.where(open_ & (low < 0.8) & (high > 0.2), kind, CLOSED), 4)
    return found


def _sentence(made: Decided, state: dict[str, int]) -> Sentence:
    item = made.judged[state["best"]]
    flags = {
        name: bool(state[name])
        for name in (
            "late", "other_act", "early", "excepted", "by_side", "unsure", "kept", "hearsay", "unvouched", "unsided",
        )
    }  # fmt: skip
    return Sentence(
        item.clause,
        VERDICTS[state["verdict"]],
        {name: state[f"share {name}"] for name in FACTORS},
        state["place"],
        FACTORS[state["weakest"]],
        needs_line=item.needs_line,
        **flags,
    )


def _slots(made: Decided, sheet: Sheet) -> dict[str, Slot]:
    slots = {
        ACT: words(sheet.act.codes, list(sheet.act.words)),
        SUBJECT: _subject(made, sheet),
        EDGE: kilometres(np.abs(made.edge_m)),
        SPREAD: kilometres(made.edge_sd_m),
        EXISTENCE: share(sheet.existence[0]),
    }
    for name in FACTORS:
        slots |= {LOW[name]: share(made.low[name]), HIGH[name]: share(made.high[name])}
    return slots


def _subject(made: Decided, sheet: Sheet) -> Slot:
    """The act and its weapon; that the weapon is not known is said where the clause asks for one."""
    armed = np.array([item.clause.weapons is not None for item in made.judged])[made.best]
    calibre = np.where(np.isnan(sheet.calibre_um), -1.0, sheet.calibre_um).astype(np.int64) + 1
    codes, states = packed(
        {
            "act": (sheet.act.codes, len(sheet.act.words)),
            "weapon": (sheet.weapon.codes, len(sheet.weapon.words)),
            "calibre": (calibre, 2**32),
            "armed": (armed, 2),
        }
    )

    def said(state: dict[str, int]) -> str:
        act = sheet.act.words[state["act"]].replace("_", " ")
        weapon = sheet.weapon.words[state["weapon"]].replace("_", " ")
        size = f", {millimetres(state['calibre'] - 1)} mm" if state["calibre"] else ""
        if weapon == "unknown":
            weapon = "weapon not known" if state["armed"] else ""
        return f"{act[:1].upper()}{act[1:]}{', ' if weapon else ''}{weapon}{size}"

    return words(codes, [said(state) for state in states])


def _start(item: Judged) -> int:
    return 2**53 if item.clause.start is None else item.clause.start.latest_ms
