"""Several ranges for one number: where they meet, or all they span where they do not."""

from __future__ import annotations

from collections.abc import Iterable


def meet(ranges: Iterable[tuple[int | None, int | None]]) -> tuple[int | None, int | None]:
    """One range (at least, at most) from those of independent groups; None is "not said", at most None is open.

    Ranges that overlap give their intersection, ranges that do not give their hull: numbers of different observers of
    one incident are never added.
    """
    said = [(low, high) for low, high in ranges if low is not None or high is not None]
    if not said:
        return None, None
    lows = [low for low, _ in said if low is not None]
    highs = [high for _, high in said if high is not None]
    if not lows:
        return None, min(highs)
    if not highs:
        return max(lows), None
    low, high = max(lows), min(highs)
    if low <= high:
        return low, high
    tops = [low if high is None else high for low, high in said if low is not None or high is not None]
    bottoms = [0 if low is None else low for low, _ in said]
    return min(bottoms), max(top for top in tops if top is not None)
