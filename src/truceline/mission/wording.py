"""A draft of a finding in words, from its facts: clause, place by sector, distance in whole kilometres, and the clock. An officer edits it.

It is for the open log, so it is no finer than what parties may read: no coordinates, no minute, no source.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from truceline.records.codes import probability_word


def draft_finding(row: Mapping[str, Any], finding: Mapping[str, Any], *, day: str, title: str = "", answer_by: str = "") -> str:  # fmt: skip
    """One paragraph.

    Args:
        row, finding: of `records.columns` INCIDENTS and FINDINGS. day: the reporting day. title: of the article.
        answer_by: when the parties' answers are due, where a notice asked for them.
    """
    what = _words(row["act"]) + (
        f" ({_words(row['weapon'])})" if row["weapon"] not in (None, "unknown") else ""
    )
    where = f"in {row['sector_id']}" if row["sector_id"] else "in an unknown sector"
    far = row.get("line_distance_m")
    distance = "" if far is None else f", about {max(1, round(abs(far) / 1000))} km from the line"
    count = row.get("count_min")
    many = "" if not count else f", counted {count}" + ("" if row.get("count_max") == count else f" to {row['count_max']}" if row.get("count_max") else " or more")  # fmt: skip
    verdict = "an alleged breach" if finding["verdict"] == "breach" else _words(finding["verdict"])
    sure = finding.get("probability_e4")
    known = f" It is {probability_word(int(sure))}." if sure is not None else ""
    against = len(row["contradicts"])
    told = f"{len(row['supports'])} reports support it from {row['independent_groups']} independent origins" + (f"; {against} contradict it" if against else "")  # fmt: skip
    clause = f"article {finding['article']}" + (f" ({title})" if title else "")
    due = f" Answers of the parties are due by {answer_by}." if answer_by else ""
    return f"On {day}, {what} {where}{distance}{many}: {verdict} of {clause}.{known} {told[0].upper()}{told[1:]}.{due}"  # fmt: skip


def _words(code: Any) -> str:
    return str(code).replace("_", " ")
