"""SHA-256 of many short messages at once.

`hashlib` spends more time on a call than on a short message, and holds the interpreter while it does. `prepare` compiles
a kernel (records.sha256_kernel) for processors with SHA instructions; where it is not there, `hash_each` asks `hashlib`.
Both give the same bytes, so nothing that is signed or logged depends on which one ran.
"""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

UInt8Array = npt.NDArray[np.uint8]
Int64Array = npt.NDArray[np.int64]

WIDTH = 32
_lock = threading.Lock()
Kernel = Callable[[UInt8Array, Int64Array, UInt8Array], None]
_kernel: Kernel | None = None


def prepare() -> bool:
    """Load the kernel, worth its second only before some hundred thousand messages.

    Returns:
        whether there is one; False on processors without SHA instructions, or where nothing can be compiled.
    """
    global _kernel
    with _lock:
        if _kernel is None:
            try:
                from truceline.records import sha256_kernel

                made = sha256_kernel.compiled()
                _kernel = made if made is not None and _agrees(made) else None
            except Exception:  # noqa: BLE001 - whatever keeps it from being made, hashlib gives the same bytes
                return False
    return _kernel is not None


def _agrees(kernel: Kernel) -> bool:
    """Known answers before first use: every length up to five blocks must come out as `hashlib` has it."""
    lengths = np.arange(321)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    content = (np.arange(offsets[-1], dtype=np.uint32) * 2_654_435_761 >> 24).astype(np.uint8)
    digests = np.empty((len(lengths), WIDTH), np.uint8)
    kernel(content, offsets, digests)
    raw = content.tobytes()
    pairs = itertools.pairwise(offsets.tolist())
    return digests.tobytes() == b"".join(hashlib.sha256(raw[start:end]).digest() for start, end in pairs)


def hash_each(content: Any, offsets: Int64Array) -> UInt8Array:
    """SHA-256 of the messages content[offsets[i]:offsets[i + 1]].

    Args:
        content: contiguous bytes, anything with a buffer.
        offsets: int64 (n + 1,), not falling, within the content.
    Returns:
        uint8 (n, 32).
    Source: FIPS 180-4.
    """
    if _kernel is not None and len(offsets) > 1:
        assert 0 <= offsets[0] <= offsets[-1] <= len(content) and (offsets[1:] >= offsets[:-1]).all()  # noqa: PT018
        digests = np.empty((len(offsets) - 1, WIDTH), np.uint8)
        octets = np.frombuffer(content, np.uint8) if len(content) else np.zeros(1, np.uint8)
        _kernel(octets, np.ascontiguousarray(offsets, np.int64), digests)
        return digests
    view, sha256 = memoryview(content), hashlib.sha256
    pairs = itertools.pairwise(offsets.tolist())
    joined = b"".join([sha256(view[start:end]).digest() for start, end in pairs])
    return np.frombuffer(joined, np.uint8).reshape(-1, WIDTH)


def hash_rows(rows: UInt8Array) -> UInt8Array:
    """SHA-256 of each row of uint8 (n, width), contiguous: uint8 (n, 32)."""
    count, width = rows.shape
    return hash_each(rows.reshape(-1), np.arange(0, (count + 1) * width, width, dtype=np.int64))
