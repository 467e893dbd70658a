from __future__ import annotations

import pytest

from truceline.simulate import Exercise, build


@pytest.fixture(scope="session")
def exercise() -> Exercise:
    return build(1)


@pytest.fixture(scope="session")
def small() -> Exercise:
    """A tenth as busy: quick to build again."""
    return build(1, 0.1)
