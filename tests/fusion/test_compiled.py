"""Machine code that is kept goes when any source beside it changes."""

from __future__ import annotations

from pathlib import Path

from truceline.fusion.compiled import drop_stale


def test_kept_code_goes_when_a_source_changed_and_stays_otherwise(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    (tmp_path / "called.py").write_text("one = 1\n")
    drop_stale(tmp_path, kept)
    (kept / "caller.f-1.py311.nbi").write_bytes(b"index")
    drop_stale.cache_clear()
    drop_stale(tmp_path, kept)
    assert (kept / "caller.f-1.py311.nbi").exists()
    (tmp_path / "called.py").write_text("one = 2\n")
    drop_stale.cache_clear()
    drop_stale(tmp_path, kept)
    assert not (kept / "caller.f-1.py311.nbi").exists()
