"""Reasons and needs of many findings: each sentence is made once, and what differs is set into its slots by column."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from truceline.agreement.ground import Floats
from truceline.agreement.sentences import SLOT

Ints: TypeAlias = npt.NDArray[np.integer[Any]]
Slot: TypeAlias = Callable[[Ints], pa.Array]
"""What is set into a slot for these rows."""


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """Sentences as codes: row i says `sentences[codes[i]]`, with its slots filled."""

    codes: Ints
    sentences: tuple[str, ...]
    slots: Mapping[str, Slot]

    def parts(self) -> Iterator[tuple[Ints, pa.Array]]:
        """For each sentence the rows that say it, and what they say."""
        few = len(self.sentences) < 2**16  # numpy sorts two bytes by radix
        order = np.argsort(self.codes.astype(np.uint16) if few else self.codes, kind="stable")
        ends = np.cumsum(np.bincount(self.codes, minlength=len(self.sentences)))
        for sentence, rows in zip(self.sentences, np.split(order, ends[:-1]), strict=True):
            yield rows, self._filled(sentence, rows)

    def _filled(self, sentence: str, rows: Ints) -> pa.Array:
        pieces = [piece for piece in SLOT.split(sentence) if piece]
        if not any(piece in self.slots for piece in pieces):
            return pa.repeat(pa.scalar(sentence, pa.string()), len(rows))
        said = [
            self.slots[piece](rows) if piece in self.slots else pa.scalar(piece, pa.string())
            for piece in pieces
        ]
        return pc.binary_join_element_wise(*said, "")


def joined(told: Sequence[Told]) -> pa.Array:
    """All sentences in full, interleaved: the first of each in turn, then the second."""
    k = len(told)
    if not any(one.slots for one in told):
        starts = np.cumsum([0, *(len(one.sentences) for one in told[:-1])])
        codes = np.stack([one.codes + start for one, start in zip(told, starts, strict=True)], axis=1)
        return pa.array([said for one in told for said in one.sentences], pa.string()).take(
            pa.array(codes.ravel())
        )
    made = [(rows * k + turn, said) for turn, one in enumerate(told) for rows, said in one.parts()]
    places = np.concatenate([at for at, _ in made])
    back = np.empty(len(places), dtype=np.int32)
    back[places] = np.arange(len(places), dtype=np.int32)
    return pa.concat_arrays([said for _, said in made]).take(pa.array(back))


def packed(fields: Mapping[str, tuple[npt.NDArray[Any], int]]) -> tuple[Ints, list[dict[str, int]]]:
    """Distinct combinations of small whole numbers.

    Args:
        fields: name -> values (n,) in 0..size-1, size; the product of the sizes fits 63 bits.
    Returns:
        the combination of each row, (n,); the combinations, in the order of their first appearance.
    """
    one = np.zeros(len(next(iter(fields.values()))[0]), dtype=np.int64)
    for values, size in fields.values():
        one *= size
        one += values
    found = pa.array(one).dictionary_encode()
    combinations = []
    for number in found.dictionary.to_pylist():
        state: dict[str, int] = {}
        for name in reversed(list(fields)):
            number, state[name] = divmod(number, fields[name][1])
        combinations.append(state)
    return found.indices.to_numpy(), combinations


def words(codes: npt.NDArray[Any], said: list[str]) -> Slot:
    """A slot for one of a few words."""
    column = pa.array(said, pa.string())
    return lambda rows: column.take(pa.array(codes[rows]))


def share(values: Floats) -> Slot:
    """A slot for a share with two decimals."""
    return lambda rows: _numbers(rounded(values[rows], 2), lambda code: f"{code / 100:.2f}")


def kilometres(metres: Floats) -> Slot:
    """A slot for kilometres with one decimal, two below one kilometre."""

    def said(rows: Ints) -> pa.Array:
        here = metres[rows] / 1000
        far = metres[rows] >= 1000
        code = np.where(far, 2 * rounded(here, 1), 2 * rounded(here, 2) + 1)
        return _numbers(code, lambda one: f"{one // 2 / 100:.2f}" if one % 2 else f"{one // 2 / 10:.1f}")

    return said


def rounded(values: Floats, decimals: int) -> Ints:
    """Whole numbers of the last decimal, rounded as `format` rounds each value."""
    scaled = values * 10.0**decimals
    whole = np.rint(scaled).astype(np.int64)
    for row in np.flatnonzero(np.abs(np.abs(scaled - whole) - 0.5) < 1e-6).tolist():
        whole[row] = round(float(f"{values[row]:.{decimals}f}") * 10**decimals)
    return whole


def _numbers(codes: Ints, said: Callable[[int], str]) -> pa.Array:
    found = pa.array(codes).dictionary_encode()
    return pa.array([said(one) for one in found.dictionary.to_pylist()], pa.string()).take(found.indices)
