"""Blind reading: drafters of the parties answer the same cases without seeing each other's answers, or the encoded ones.

Commit, then reveal. A commitment is the SHA-256 of the canonical reading, which holds 32 random bytes of salt, so nobody can
guess it, and nobody can change an answer after seeing another's. Readings are compared only when all who committed reveal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from truceline.agreement.folder import Agreement
from truceline.agreement.models import DUTY_STATES
from truceline.errors import AgreementError
from truceline.records import codes
from truceline.records.canonical import digest

FORMAT: Final = "truceline-reading/1"
ANSWERS: Final = (*dict.fromkeys((*codes.VERDICTS, *DUTY_STATES)), "cannot_say")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class Difference:
    """One case and article on which readers differ, or differ from what was encoded."""

    article: str
    case: str
    title: str
    answers: dict[str, str]
    notes: dict[str, str]
    encoded: tuple[str, ...]


def sheet(agreement: Agreement) -> dict[str, Any]:
    """What a reader fills in: every case with what is given, and a blank for every article that it touches.

    What the agreement's own cases expect is left out.
    """
    return {
        "format": FORMAT, "agreement": agreement.id, "version": agreement.version, "cases_digest": cases_digest(agreement),
        "answers_known": list(ANSWERS),
        "cases": [
            {
                "id": case.id, "title": case.title,
                **case.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_unset=True, include={"given", "facts", "background", "as_of", "known"}),
                "answers": dict.fromkeys(sorted(case.expect), ""), "notes": {},
            }
            for case in agreement.cases
        ],
    }  # fmt: skip


def cases_digest(agreement: Agreement) -> str:
    """What all readers must have read: articles and cases of one version."""
    return digest({"files": {name: text for name, text in agreement.files.items() if name == "agreement.yaml" or name.startswith("cases/")}})  # fmt: skip


def reading(filled: Mapping[str, Any], agreement: Agreement, party: str, salt: str) -> dict[str, Any]:
    """A reading to be kept secret until all have committed.

    Args:
        filled: a sheet with answers. salt: 64 hex digits.
    Raises:
        AgreementError: AGR-071 another agreement or version, AGR-072 an answer that is none, or one that is absent.
    """
    if not _NAME.fullmatch(party):
        raise AgreementError(
            "AGR-072",
            "a reader must have a name of letters, digits and hyphens",
            value=party,
            remedy="Take letters, digits and hyphens only.",
        )
    blank = sheet(agreement)
    if filled.get("cases_digest") != blank["cases_digest"]:
        raise AgreementError(
            "AGR-071", "the sheet must be of this version of the agreement and its cases", value=filled.get("version"),
            remedy="Make a new sheet with `truceline agreement read sheet`.",
        )  # fmt: skip
    given = {str(one.get("id")): one for one in filled.get("cases") or () if isinstance(one, Mapping)}
    answers: dict[str, dict[str, str]] = {}
    notes: dict[str, dict[str, str]] = {}
    for case in blank["cases"]:
        said = given.get(case["id"], {})
        for article in case["answers"]:
            word = (said.get("answers") or {}).get(article, "")
            if word not in ANSWERS:
                raise AgreementError(
                    "AGR-072", "every case must have an answer for every article", where=f"case {case['id']}, article {article}",
                    value=word, remedy=f"Known: {', '.join(ANSWERS)}.",
                )  # fmt: skip
            answers.setdefault(case["id"], {})[article] = word
            if (said.get("notes") or {}).get(article):
                notes.setdefault(case["id"], {})[article] = str(said["notes"][article])
    return {
        "format": FORMAT, "agreement": agreement.id, "version": agreement.version, "cases_digest": blank["cases_digest"],
        "party": party, "salt": salt, "answers": answers, "notes": notes,
    }  # fmt: skip


def commitment(secret: Mapping[str, Any]) -> dict[str, str]:
    """What a reader hands out before anybody reveals."""
    return {
        name: str(secret[name]) for name in ("format", "agreement", "version", "cases_digest", "party")
    } | {"commitment": digest(dict(secret))}


def compare(
    agreement: Agreement, commitments: Sequence[Mapping[str, Any]], revealed: Sequence[Mapping[str, Any]]
) -> tuple[list[Difference], dict[str, dict[str, int]]]:
    """Where readers differ, by article, and the counts: article -> asked, all agree, differ, none can say.

    Raises:
        AgreementError: AGR-071 readings of something else; AGR-073 a commitment without its reading, a reading without its
            commitment or not the one that was committed to, or fewer than two readers.
    """
    promised = {str(one.get("party")): one for one in commitments}
    told = {str(one.get("party")): one for one in revealed}
    if (
        promised.keys() != told.keys()
        or len(told) < 2
        or len(told) != len(revealed)
        or len(promised) != len(commitments)
    ):
        raise AgreementError(
            "AGR-073", "two or more readers must have committed, and each must reveal once", value=sorted(promised.keys() ^ told.keys()) or sorted(told),
            remedy="Nothing is shown until everybody who committed has revealed.",
        )  # fmt: skip
    for party, one in sorted(told.items()):
        if one.get("cases_digest") != cases_digest(agreement):
            raise AgreementError("AGR-071", "the sheet must be of this version of the agreement and its cases", where=party, value=one.get("version"), remedy="Read again, with the agreement as it is now.")  # fmt: skip
        if dict(promised[party]) != commitment(one):
            raise AgreementError(
                "AGR-073", "a reading must be the one that was committed to", where=party, value=digest(dict(one)),
                remedy="It was changed after the commitment, or belongs to another one.",
            )  # fmt: skip
    differences: list[Difference] = []
    counts: dict[str, dict[str, int]] = {}
    for case in agreement.cases:
        for article, expected in sorted(case.expect.items()):
            answers = {
                party: one["answers"].get(case.id, {}).get(article) for party, one in sorted(told.items())
            }
            if None in answers.values():
                continue
            said = {party: str(word) for party, word in answers.items()}
            kind = "none_can_say" if set(said.values()) == {"cannot_say"} else "agree" if len(set(said.values())) == 1 else "differ"  # fmt: skip
            row = counts.setdefault(article, {"asked": 0, "agree": 0, "differ": 0, "none_can_say": 0, "otherwise_encoded": 0})  # fmt: skip
            row["asked"] += 1
            row[kind] += 1
            otherwise = kind == "agree" and not set(said.values()) <= set(expected)
            row["otherwise_encoded"] += otherwise
            if kind != "agree" or otherwise:
                notes = {
                    party: one["notes"].get(case.id, {}).get(article, "")
                    for party, one in sorted(told.items())
                }
                differences.append(
                    Difference(
                        article,
                        case.id,
                        case.title,
                        said,
                        {p: n for p, n in notes.items() if n},
                        tuple(expected),
                    )
                )
    return sorted(differences, key=lambda one: (one.article, one.case)), dict(sorted(counts.items()))
