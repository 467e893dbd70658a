"""`truceline assess`: incidents held against the agreement."""

from __future__ import annotations

from collections import Counter

from truceline.cli.common import PROGRAM, AsJson, Folder, Keys, emit, note, table
from truceline.mission import computing
from truceline.mission.mission import Mission
from truceline.records.codes import VERDICTS
from truceline.records.kinds import AgreementVersion


def assess(folder: Folder, keys: Keys = None, as_json: AsJson = False) -> None:
    """Hold the newest incidents against the active agreement; before review every breach is alleged. Without an agreement there are facts and no findings."""
    made = computing.assess(Mission.open(folder, keys))
    counts: dict[str, Counter[str]] = {}
    for article, verdict in zip(
        made.table["article"].to_pylist(), made.table["verdict"].to_pylist(), strict=True
    ):
        counts.setdefault(article, Counter())[verdict] += 1
    rows = [
        (article, *(f"{counts[article][verdict]:,}" for verdict in VERDICTS)) for article in sorted(counts)
    ]
    result = {
        "findings": made.table.num_rows, "articles": {article: dict(seen) for article, seen in sorted(counts.items())},
        "log_entry": made.entry.index,
    }  # fmt: skip
    if not made.table.num_rows and not Mission.open(folder, keys).of(AgreementVersion):
        note(
            "No agreement was adopted, so nothing is held against one; a report will state facts without findings."
        )
    emit(
        result, as_json,
        table(rows, ("article", "alleged breach", "no breach", "undetermined", "out of scope"))
        + f"\nNext: {PROGRAM} report {folder} --date YYYY-MM-DD",
    )  # fmt: skip
