"""A simulated theatre of some weeks, and what one process makes of it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from truceline import fusion
from truceline.scale import Given, memberships
from truceline.simulate.columns import Settings, blocks


@pytest.fixture(scope="session")
def theatre() -> pa.Table:
    return pa.concat_tables(
        [b.observations for b in blocks(3_000, 11, Settings(density=0.02))]
    ).combine_chunks()


@pytest.fixture(scope="session")
def given(theatre: pa.Table) -> Given:
    return Given(fusion.learn(theatre))


@pytest.fixture(scope="session")
def whole(theatre: pa.Table, given: Given) -> tuple[pa.Table, pa.Table]:
    made = fusion.fuse(
        theatre, origin=np.zeros(theatre.num_rows, dtype=np.int64), parameters=given.parameters
    )
    return made.incidents.sort_by("incident_id").combine_chunks(), memberships(made)
