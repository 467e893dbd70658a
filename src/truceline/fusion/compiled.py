"""How the kernels are compiled: once, kept on disk, without the interpreter's lock, and never with reordered sums.

Numba looks only at a kernel's own file when it decides whether what it keeps is still good, not at the kernels that this
one calls. So what is kept is thrown away whenever any file of this folder has changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

from numba import njit

_Function = TypeVar("_Function", bound=Callable[..., object])
_STAMP: Final = "truceline-kernels.sha256"


def compiled(function: _Function) -> _Function:
    """A function of arrays and numbers as machine code."""
    made: Any = njit(cache=True, nogil=True, error_model="numpy", fastmath=False)(function)
    drop_stale(Path(__file__).parent, Path(made.stats.cache_path))
    return made  # type: ignore[no-any-return]


@cache
def drop_stale(sources: Path, kept: Path) -> None:
    """Remove machine code kept in a folder unless it was made from the sources as they are; once in a process."""
    digest = hashlib.sha256()
    for path in sorted(sources.glob("*.py")):
        digest.update(path.read_bytes())
    with suppress(OSError):  # a folder that nobody may write in holds what its owner put there
        stamp = kept / _STAMP
        if stamp.exists() and stamp.read_text(encoding="ascii") == digest.hexdigest():
            return
        for pattern in ("*.nbi", "*.nbc"):
            for path in kept.glob(pattern):
                path.unlink(missing_ok=True)
        kept.mkdir(parents=True, exist_ok=True)
        stamp.write_text(digest.hexdigest(), encoding="ascii")
