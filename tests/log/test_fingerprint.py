"""What two people read to each other: an error of the ear is told from another history."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.errors import LogError
from truceline.log.fingerprint import compare, fingerprint

OWN = fingerprint("truceline.test/one", 300, bytes(range(32)))


def test_it_is_the_same_for_everybody_and_differs_with_each_part() -> None:
    assert fingerprint("truceline.test/one", 300, bytes(range(32))) == OWN
    others = {
        fingerprint("truceline.test/two", 300, bytes(range(32))),
        fingerprint("truceline.test/one", 301, bytes(range(32))),
        fingerprint("truceline.test/one", 300, bytes(32)),
    }
    assert len(others | {OWN}) == 4
    assert [len(group) for group in OWN.split()] == [6] * 8
    compare(OWN, OWN.replace(" ", ", "))


@settings(max_examples=300)
@given(st.integers(0, 47), st.integers(1, 9))
def test_every_single_digit_misheard_is_noticed_in_its_group(place: int, change: int) -> None:
    digits = list(OWN.replace(" ", ""))
    digits[place] = str((int(digits[place]) + change) % 10)
    with pytest.raises(LogError, match="LOG-130") as problem:
        compare(OWN, "".join(digits))
    assert problem.value.where == f"group {place // 6 + 1}"


def test_exchanged_digits_and_groups_are_noticed() -> None:
    digits = OWN.replace(" ", "")
    for place in range(47):
        if digits[place] != digits[place + 1] and place % 6 != 5:
            swapped = digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]
            with pytest.raises(LogError, match="LOG-130"):
                compare(OWN, swapped)
    groups = OWN.split()
    for first in range(7):
        swapped_groups = [*groups]
        swapped_groups[first], swapped_groups[first + 1] = groups[first + 1], groups[first]
        with pytest.raises(LogError, match="LOG-13"):
            compare(OWN, " ".join(swapped_groups))


def test_another_checkpoint_is_said_to_be_another_history() -> None:
    with pytest.raises(LogError, match="LOG-131"):
        compare(OWN, fingerprint("truceline.test/one", 300, bytes(32)))
    for wrong in ("", "12", OWN + " 000000", "x" * 48):
        with pytest.raises(LogError, match="LOG-130"):
            compare(OWN, wrong)
