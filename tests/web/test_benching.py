"""The load benchmark drives the real server: every page answers, and what it fills is a whole store."""

from __future__ import annotations

import pytest

from truceline.mission import benching_server


def test_every_page_answers_over_a_filled_store_and_reviews_are_taken() -> None:
    pytest.importorskip("uvicorn", reason="needs the extra: pip install 'truceline[serve]'")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(benching_server, "EACH", 2)
        patch.setattr(benching_server, "PAUSE_S", 1.0)
        made = benching_server.run(1_500, 3, 2, 4.0, None, None, lambda step, share: None)
    by = {one["what"]: one for one in made["results"]}
    assert by["requests that failed"]["most"] == 0, made["load"]["errors"]
    assert by["review, under load"]["n"] >= 2
    assert all(by[what]["p50"] > 0 for what in ("queue", "map's data, all days", "incidents, public"))
    store = made["store"]
    assert 1_000 <= store["incidents"] == store["disclosed"] <= 2_500
    assert 4 <= store["observations"] / store["incidents"] <= 7
