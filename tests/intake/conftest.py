from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from truceline import intake
from truceline.intake.ledger import Ledger

SHARED = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a file into a fresh folder."""

    def write_it(content: str | bytes, name: str = "rows.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_it


class Taken:
    """Everything that a reader yields."""

    def __init__(self, path: Path, **how: Any) -> None:
        self.reader = intake.open_file(path, **how)
        self.chunks = list(self.reader)
        tables = [chunk.observations for chunk in self.chunks]
        self.table = pa.concat_tables(tables) if tables else None
        self.rows: list[dict[str, Any]] = [] if self.table is None else self.table.to_pylist()
        self.rejected = [one for chunk in self.chunks for one in chunk.rejected]
        self.lines = [line for chunk in self.chunks for line in chunk.lines.tolist()]

    def refusals(self) -> list[tuple[int, str]]:
        return [(one.line, one.code) for one in self.rejected]


@pytest.fixture
def take() -> type[Taken]:
    return Taken


@pytest.fixture
def sift() -> Callable[..., Counter[str]]:
    """Counts of fresh, duplicate, superseding and rejected rows of a file."""

    def sift_it(path: Path, ledger: Ledger | None = None, **how: Any) -> Counter[str]:
        ledger = Ledger() if ledger is None else ledger
        counts: Counter[str] = Counter()
        for chunk in intake.open_file(path, **how):
            sifted = ledger.sift(chunk)
            counts["fresh"] += int(sifted.fresh.sum())
            counts["duplicate"] += int(sifted.duplicate.sum())
            counts["superseding"] += int(sifted.superseding.sum())
            counts["rejected"] += len(chunk.rejected)
        return counts

    return sift_it


@pytest.fixture
def shared() -> Callable[[str], Path]:
    """A file of the shared data sets; the test is skipped where it is absent."""

    def find(name: str) -> Path:
        path = SHARED / name
        if not path.exists():
            pytest.skip(f"shared data set {name} is not beside this checkout")
        return path

    return find
