"""Tables of observations for the tests of geo."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from truceline.records.columns import NEVER_NULL, OBSERVATIONS

_PLAIN = {"string": "unknown", "int64": 0, "bool": False}


@pytest.fixture(scope="session")
def table() -> Callable[..., pa.Table]:
    """Builds an OBSERVATIONS table from rows that say only what matters."""

    def build(*rows: dict[str, Any]) -> pa.Table:
        full = []
        for number, row in enumerate(rows):
            blank = {f.name: _PLAIN[str(f.type)] if f.name in NEVER_NULL else None for f in OBSERVATIONS}
            full.append(blank | {"obs_id": f"o{number}", "source_id": f"s{number}"} | row)
        return pa.Table.from_pylist(full, schema=OBSERVATIONS)

    return build
