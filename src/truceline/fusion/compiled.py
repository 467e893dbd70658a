"""How the kernels are compiled: once, kept on disk, without the interpreter's lock, and never with reordered sums."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

_Function = TypeVar("_Function", bound=Callable[..., object])


def compiled(function: _Function) -> _Function:
    """A function of arrays and numbers as machine code."""
    made: Any = njit(cache=True, nogil=True, error_model="numpy", fastmath=False)(function)
    return made  # type: ignore[no-any-return]
