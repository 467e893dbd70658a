"""SHA-256 by the SHA instructions of x86 processors, compiled by numba without the interpreter's lock.

Imported by records.digests only. One call of `_compress` is one block of FIPS 180-4, section 6.2.2: four rounds are two
`sha256rnds2`, and `sha256msg1`, `sha256msg2` extend the schedule. The instructions want the state as (a b e f), (c d g h).
Source: Gulley et al., Intel SHA Extensions, 2013; FIPS 180-4.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import llvmlite.binding
import numpy as np
from llvmlite import ir
from numba import config, njit, types
from numba.extending import intrinsic

ROUND_WORDS = (
    0x428A2F98, 0x71374491, 0xB5C0FBCF, 0xE9B5DBA5, 0x3956C25B, 0x59F111F1, 0x923F82A4, 0xAB1C5ED5,
    0xD807AA98, 0x12835B01, 0x243185BE, 0x550C7DC3, 0x72BE5D74, 0x80DEB1FE, 0x9BDC06A7, 0xC19BF174,
    0xE49B69C1, 0xEFBE4786, 0x0FC19DC6, 0x240CA1CC, 0x2DE92C6F, 0x4A7484AA, 0x5CB0A9DC, 0x76F988DA,
    0x983E5152, 0xA831C66D, 0xB00327C8, 0xBF597FC7, 0xC6E00BF3, 0xD5A79147, 0x06CA6351, 0x14292967,
    0x27B70A85, 0x2E1B2138, 0x4D2C6DFC, 0x53380D13, 0x650A7354, 0x766A0ABB, 0x81C2C92E, 0x92722C85,
    0xA2BFE8A1, 0xA81A664B, 0xC24B8B70, 0xC76C51A3, 0xD192E819, 0xD6990624, 0xF40E3585, 0x106AA070,
    0x19A4C116, 0x1E376C08, 0x2748774C, 0x34B0BCB5, 0x391C0CB3, 0x4ED8AA4A, 0x5B9CCA4F, 0x682E6FF3,
    0x748F82EE, 0x78A5636F, 0x84C87814, 0x8CC70208, 0x90BEFFFA, 0xA4506CEB, 0xBEF9A3F7, 0xC67178F2,
)  # fmt: skip
START_WORDS = np.array(
    [0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19],
    np.uint32,
)
_VECTOR = ir.VectorType(ir.IntType(32), 4)


def compiled() -> Callable[..., None] | None:
    """The kernel, compiled or taken from numba's cache; None where the processor lacks the instructions."""
    if getattr(config, "DISABLE_JIT", False) or not llvmlite.binding.get_host_cpu_features().get("sha"):
        return None
    _hash_each(np.zeros(1, np.uint8), np.zeros(1, np.int64), np.empty((0, 32), np.uint8))
    kernel: Callable[..., None] = _hash_each
    return kernel


def _called(builder: Any, name: str, *arguments: Any) -> Any:
    """Call an LLVM intrinsic over vectors of four words."""
    function = builder.module.globals.get(name) or ir.Function(
        builder.module, ir.FunctionType(_VECTOR, [_VECTOR] * len(arguments)), name
    )
    return builder.call(function, arguments)


def _picked(builder: Any, one: Any, other: Any, *lanes: int) -> Any:
    return builder.shuffle_vector(one, other, ir.Constant(_VECTOR, list(lanes)))


def _build(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
    def vectors(address: Any, count: int) -> list[Any]:
        base = builder.inttoptr(address, _VECTOR.as_pointer())
        return [builder.gep(base, [ir.Constant(ir.IntType(64), at)]) for at in range(count)]

    places = vectors(arguments[0], 2)
    abcd, efgh = (builder.load(place, align=4) for place in places)
    abef = before_abef = _picked(builder, abcd, efgh, 5, 4, 1, 0)
    cdgh = before_cdgh = _picked(builder, abcd, efgh, 7, 6, 3, 2)
    words = [
        _called(builder, "llvm.bswap.v4i32", builder.load(place, align=1))
        for place in vectors(arguments[1], 4)
    ]
    for four in range(16):
        added = builder.add(words[four % 4], ir.Constant(_VECTOR, list(ROUND_WORDS[4 * four : 4 * four + 4])))
        cdgh = _called(builder, "llvm.x86.sha256rnds2", cdgh, abef, added)
        abef = _called(
            builder, "llvm.x86.sha256rnds2", abef, cdgh, _picked(builder, added, added, 2, 3, 0, 0)
        )
        if four < 12:
            a, b, c, d = (words[(four + after) % 4] for after in range(4))
            partly = builder.add(
                _called(builder, "llvm.x86.sha256msg1", a, b), _picked(builder, c, d, 1, 2, 3, 4)
            )
            words[four % 4] = _called(builder, "llvm.x86.sha256msg2", partly, d)
    abef, cdgh = builder.add(abef, before_abef), builder.add(cdgh, before_cdgh)
    builder.store(_picked(builder, abef, cdgh, 3, 2, 7, 6), places[0], align=4)
    builder.store(_picked(builder, abef, cdgh, 1, 0, 5, 4), places[1], align=4)
    return context.get_dummy_value()


def _typed(_typing: Any, _state: Any, _block: Any) -> Any:
    """Take the 64 bytes at address `block` into the eight words at address `state`."""
    return types.void(types.uintp, types.uintp), _build


_compress: Any = intrinsic(_typed)


def _each(content: Any, offsets: Any, digests: Any) -> None:
    """`digests[i]` becomes SHA-256 of content[offsets[i]:offsets[i + 1]]."""
    state, tail = np.empty(8, np.uint32), np.empty(128, np.uint8)
    at_state, at_tail, at_content = state.ctypes.data, tail.ctypes.data, content.ctypes.data
    for row in range(len(digests)):
        start, size = offsets[row], offsets[row + 1] - offsets[row]
        for word in range(8):
            state[word] = START_WORDS[word]
        whole = size // 64
        for block in range(whole):
            _compress(at_state, at_content + start + 64 * block)
        rest = size - 64 * whole
        end = 64 if rest < 56 else 128
        for at in range(rest):
            tail[at] = content[start + 64 * whole + at]
        tail[rest] = 128
        for at in range(rest + 1, end - 8):
            tail[at] = 0
        for at in range(8):
            tail[end - 1 - at] = ((size * 8) >> (8 * at)) & 255
        _compress(at_state, at_tail)
        if end == 128:
            _compress(at_state, at_tail + 64)
        for word in range(8):
            for at in range(4):
                digests[row, 4 * word + at] = (state[word] >> (24 - 8 * at)) & 255


_hash_each = njit(nogil=True, cache=True)(_each)
