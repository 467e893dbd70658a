"""What the log says was shredded, for those whose keys open the lists of it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence

from truceline.errors import EvidenceError
from truceline.mission.mission import Mission, Recorded
from truceline.records.canonical import canonical, parse_canonical
from truceline.records.kinds import Commitments, Shred

Which = Mapping[str, Sequence[int]]
"""Entry id of an import or of a batch -> numbers of records; all when empty."""


class Shredded:
    """Every shredding on the log, whenever it was: what is gone cannot be opened for an older state either."""

    def __init__(self, mission: Mission) -> None:
        """Raises EvidenceError EVI-032, a list that is none."""
        acts = mission.of(Shred) if mission.vault.can_open else []
        self.acts: list[tuple[Recorded, Shred, Which]] = [
            (one, body, _which(mission, one, body)) for one, body in acts
        ]
        self._index = {one.id: one.index for one in mission.entries()} if acts else {}
        self._of: dict[str, list[Sequence[int]]] = defaultdict(list)
        for _, _, which in self.acts:
            for ident, numbers in which.items():
                self._of[ident].append(numbers)

    def whole(self, entry: Recorded) -> bool:
        """Whether all of an entry's evidence is gone."""
        return any(not numbers for numbers in self._of.get(entry.id, ()))

    def records(self, entry: Recorded, batch: Commitments) -> frozenset[int]:
        """The records of a batch that are gone."""
        if self.whole(entry):
            return frozenset(range(len(batch.commitments)))
        return frozenset(number for numbers in self._of.get(entry.id, ()) for number in numbers)

    def since(self, inputs: int) -> int | None:
        """Index of the first shredding after a result that was computed from the first `inputs` entries, and of its inputs."""
        found = (
            one.index
            for one, _, which in self.acts
            if inputs <= one.index and any(self._index.get(ident, inputs) < inputs for ident in which)
        )
        return min(found, default=None)


def sealed_list(which: Which) -> bytes:
    """The bytes of a list."""
    return canonical({ident: sorted(numbers) for ident, numbers in which.items()})


def _which(mission: Mission, one: Recorded, body: Shred) -> Which:
    try:
        said = parse_canonical(mission.vault.read_file(body.sealed))
        return {str(ident): tuple(int(number) for number in numbers) for ident, numbers in said.items()}
    except (AttributeError, TypeError, ValueError, json.JSONDecodeError) as problem:
        raise EvidenceError(
            "EVI-032", "a shredding must name evidence of this log", where=f"entry {one.index}",
            remedy=f"Ask {one.author}, who signed it.",
        ) from problem  # fmt: skip
