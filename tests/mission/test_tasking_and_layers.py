"""What would settle an incident; and how far one gets with the disclosed rows alone."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.cli.main import main
from truceline.errors import UsageError
from truceline.mission import computing, layers, tasking
from truceline.mission.mission import Mission
from truceline.mission.views import Views

Run = Callable[..., tuple[int, str, str]]
SHARE = st.floats(0.001, 0.999)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["truceline", *map(str, words)])
        return (main(), *capsys.readouterr())

    return call


@given(SHARE, SHARE, SHARE)
def test_an_answer_never_tells_less_than_nothing_nor_more_than_there_is(
    p: float, chance: float, false: float
) -> None:
    gain, yes, no = tasking.expected_gain_bits(p, chance, false)
    assert 0 <= gain <= tasking.entropy_bits(p) + 1e-12
    said = p * chance + (1 - p) * false
    assert said * yes + (1 - said) * no == pytest.approx(p)
    assert (yes >= p) == (chance >= false) or math.isclose(yes, p)


@given(SHARE, SHARE)
def test_an_answer_that_is_the_same_either_way_tells_nothing(p: float, chance: float) -> None:
    assert tasking.expected_gain_bits(p, chance, chance)[0] == pytest.approx(0, abs=1e-12)


@given(SHARE, SHARE, SHARE)
def test_swapping_what_is_so_and_what_is_not_tells_as_much(p: float, chance: float, false: float) -> None:
    here, there = (
        tasking.expected_gain_bits(p, chance, false),
        tasking.expected_gain_bits(1 - p, false, chance),
    )
    assert here[0] == pytest.approx(there[0], abs=1e-9)


def test_requests_are_ranked_sealed_and_name_no_reporter(small_exercise: Path, run: Run) -> None:
    mission = Mission.open(small_exercise)
    table = computing.newest_incidents(mission).table
    sizes = mission.log.size
    seen = set()
    observations = Views(mission).observed().observations
    spoke = dict(zip(observations["obs_id"].to_pylist(), observations["source_id"].to_pylist(), strict=True))
    for row in table.to_pylist()[:16]:
        made = tasking.requests(mission, row["incident_id"])
        gains = [one["gain_e3"] for one in made["requests"]]
        assert gains == sorted(gains, reverse=True)
        assert made["sealed"]
        reporters = {spoke[one] for one in row["supports"]}
        for one in made["requests"]:
            seen.add(one["action"])
            assert not reporters & set(one["sources"])
            assert one["action"] != "visit" or "consent" in one["standing"] or one["standing"] == "ready"
        if row["outgoing"]:
            assert made["place"] is None
            assert all("m of the place" not in one["ask"] for one in made["requests"])
    assert {"visit", "recordings", "question"} <= seen
    assert Mission.open(small_exercise).log.size == sizes
    code, out, err = run("task", small_exercise, table["members"][0].as_py()[-1], "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["incident_id"] == table["incident_id"][0].as_py()
    code, out, _ = run("task", small_exercise, table["incident_id"][0].as_py())
    assert code == 0
    assert out.startswith("EXERCISE REQUEST, sealed")
    code, _, err = run("task", small_exercise, "nobody")
    assert code == 2
    assert "MIS-193" in err


def test_after_a_withdrawal_a_visit_waits(small_exercise: Path) -> None:
    mission = Mission.open(small_exercise)
    made = [
        tasking.requests(mission, name)
        for name in computing.newest_incidents(mission).table["incident_id"].to_pylist()[:4]
    ]
    visits = [one for row in made for one in row["requests"] if one["action"] == "visit"]
    assert visits
    assert all("waits for the consent of" in one["standing"] for one in visits)


def test_disclosed_rows_are_coarse_and_their_loss_is_shown(small_exercise: Path, run: Run) -> None:
    mission = Mission.open(small_exercise)
    observed = Views(mission).observed()
    coarse = layers.disclosed(mission, observed).observations
    assert coarse.num_rows == observed.observations.num_rows
    for name in ("lon_udeg", "bearing_mdeg", "text", "direction_mdeg", "received_at_ms"):
        assert coarse[name].null_count == coarse.num_rows
    assert all(at % 3_600_000 == 0 for at in coarse["observed_from_ms"].to_pylist())
    assert not set(coarse["source_id"].to_pylist()) & set(observed.observations["source_id"].to_pylist())
    code, out, err = run("score", "layers", small_exercise, "--json")
    assert (code, err) == (0, "")
    made = json.loads(out)
    assert set(made["verdicts"]) == {"sealed", "disclosed"}
    assert 0 < made["grouping"]["bcubed_f1"] < 1
    assert made["disclosed"]["sides_told"] <= made["sealed"]["sides_told"]
    assert made["figures"]["public"] > 0
    assert set(made["truth"]) == {"sealed", "disclosed"}
    assert run("score", "layers", small_exercise)[0] == 0


def test_without_a_key_neither_is_given(own_copy: Path, tmp_path: Path) -> None:
    empty = tmp_path / "nobody"
    empty.mkdir()
    mission = Mission.open(own_copy, empty)
    for call in (lambda: layers.layers(mission), lambda: tasking.requests(mission, "any")):
        with pytest.raises(UsageError) as problem:
            call()
        assert problem.value.code == "MIS-192"
