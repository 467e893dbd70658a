"""R7, over the whole chain: other names for the parties and the alignments give other names in every output, and
nothing else. Every permutation is tried on what fusion and the agreement compute, and one that moves every name from the simulator
through sealing, importing, fusing, assessing, notices and reviews to the text of the report."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from truceline import agreement as agreements
from truceline import fusion
from truceline import report as reports
from truceline.geo.lines import Line
from truceline.geo.sectors import Sectors
from truceline.mission import computing, trying
from truceline.mission.clock import iso
from truceline.mission.exercise import AGREEMENT, prepare
from truceline.mission.mission import Mission, result_digest
from truceline.mission.publishing import view_of
from truceline.mission.relabelling import (
    Names,
    first_difference,
    relabel,
    relabel_exercise,
    relabel_packed,
    relabel_rows,
    relabel_table,
)
from truceline.mission.views import Observed, Views
from truceline.records.kinds import Parameters
from truceline.report.paper import paper
from truceline.simulate.cases import cases
from truceline.simulate.exercise import Exercise, build

DATE = "2031-04-15"
PARTIES, ALIGNMENTS = ("party-1", "party-2", "party-3"), ("north", "south")


def permutations() -> Iterator[Names]:
    for parties in itertools.permutations(PARTIES):
        for alignments in itertools.permutations(ALIGNMENTS):
            names = dict(zip(PARTIES + ALIGNMENTS, parties + alignments, strict=True))
            if any(old != new for old, new in names.items()):
                yield names


EVERY = list(permutations())
TITLES = ["-".join(name[-1] for name in list(names.values())[:3]) + f"-{names['north']}" for names in EVERY]


@dataclass(frozen=True)
class Chain:
    """One run of everything."""

    mission: Mission
    observed: Observed
    exposure: pa.Table
    incidents: pa.Table
    findings: pa.Table
    parameters: fusion.Parameters
    texts: dict[str, str]


def run(root: Path, made: Exercise, packed: bytes) -> Chain:
    mission = prepare(root, made, agreement=packed)
    mission.record_many([(role, body, iso(at)) for at, role, body in made.records])
    fused = computing.fuse(mission, at=iso(made.end_ms), as_of_ms=made.end_ms)
    assessed = computing.assess(mission, at=iso(made.end_ms), as_of_ms=made.end_ms)
    acts = cases(made, fused.table, assessed.table)
    mission.record_many([(role, body, iso(at)) for at, role, body in acts])
    views = Views(mission)
    observed = views.observed()
    exposure = computing.exposure_of(mission, views.watches(), observed.observations)
    assert exposure is not None
    view = view_of(
        mission, DATE, observations=observed.observations, incidents=fused.table, findings=assessed.table,
        exposure=exposure, as_of_ms=made.end_ms, before=mission.log.size, checkpoint="",
    )  # fmt: skip
    texts: dict[str, str] = {}
    for sides in (False, True):
        told = dataclasses.replace(view, publish_sides=sides)
        files = reports.write(told, root / f"sides-{sides}", ("html", "csv", "geojson"))
        for path in sorted(next(iter(files.values())).parent.iterdir()):
            texts[f"{path.name}, sides {sides}"] = path.read_text(encoding="utf-8")
        texts[f"paper, sides {sides}"] = json.dumps(paper(told), ensure_ascii=False)
        texts[f"figures, sides {sides}"] = json.dumps(reports.figures(told))
    parameters = fusion.Parameters.from_dict(mission.of(Parameters)[-1][1].values)
    return Chain(mission, observed, exposure, fused.table, assessed.table, parameters, texts)


@pytest.fixture(scope="module")
def made() -> Exercise:
    return build(1, 0.03)


@pytest.fixture(scope="module")
def packed() -> bytes:
    return agreements.pack(AGREEMENT)


@pytest.fixture(scope="module")
def base(made: Exercise, packed: bytes, tmp_path_factory: pytest.TempPathFactory) -> Chain:
    return run(tmp_path_factory.mktemp("symmetry") / "mission", made, packed)


def in_words(made: Exercise, names: Names) -> Names:
    """The ids, and what the parties are called, which follows them."""
    called = {party.id: party.names["en"].removeprefix("EXERCISE ") for party in made.parties}
    return names | {called[old]: called[new] for old, new in names.items() if old in called}


def rows(table: pa.Table, names: Names) -> list[dict[str, Any]]:
    return relabel_rows(table.to_pylist(), names)


def test_the_exercise_is_worth_relabelling(base: Chain) -> None:
    """Names do occur where they might matter, in each kind of output."""
    said = {
        name for row in base.incidents.to_pylist() for name in (row["side"], *(s["id"] for s in row["sides"]))
    }
    assert {*ALIGNMENTS, "undetermined"} <= said
    assert set(PARTIES) <= {name for name in base.observed.observations["actor"].to_pylist() if name}
    assert set(ALIGNMENTS) <= {name for name in base.findings["about"].to_pylist() if name}
    assert "side north" in base.texts["figures, sides True"]
    html = next(text for name, text in base.texts.items() if ".html" in name)
    assert all(f"Party {word}" in html for word in ("One", "Two", "Three"))


@pytest.mark.parametrize("names", EVERY, ids=TITLES)
def test_incidents_and_findings_are_relabelled_and_nothing_else(
    base: Chain, made: Exercise, packed: bytes, names: Names
) -> None:
    other = relabel_exercise(made, names)
    line = next(f for f in other.geometry["features"] if f["properties"]["role"] == "line")
    observations = relabel_table(base.observed.observations, names)
    sectors = Sectors.from_geojson(other.geometry)
    fused = fusion.fuse(
        observations, origin=base.observed.origin, parameters=base.parameters, line=Line.from_geojson(line),
        sectors=sectors, alignments=other.alignments, exposure=base.exposure,
    ).incidents.combine_chunks()  # fmt: skip
    expected, found = rows(base.incidents, names), rows(fused, {})
    assert first_difference("incident", expected, found) == ""
    assert result_digest(expected) == result_digest(found)
    findings = agreements.assess(
        fused, observations, agreements.unpack(relabel_packed(packed, names)), as_of_ms=made.end_ms,
        line=Line.from_geojson(line), sectors=sectors, alignments=other.alignments,
    )  # fmt: skip
    expected, found = rows(base.findings, names), rows(findings, {})
    assert first_difference("finding", expected, found) == ""
    assert result_digest(expected) == result_digest(found)


CYCLE = {"party-1": "party-2", "party-2": "party-3", "party-3": "party-1", "north": "south", "south": "north"}


@pytest.mark.parametrize("names", [CYCLE], ids=["all-five-names-moved"])
def test_reports_of_the_whole_chain_are_relabelled_and_nothing_else(
    base: Chain, made: Exercise, packed: bytes, names: Names, tmp_path: Path
) -> None:
    other = run(tmp_path / "mission", made.relabelled(names), relabel_packed(packed, names))
    assert result_digest(rows(base.incidents, names)) == result_digest(rows(other.incidents, {}))
    assert result_digest(rows(base.findings, names)) == result_digest(rows(other.findings, {}))
    words = in_words(made, names)
    for name, text in base.texts.items():
        expected = relabel(text, words)
        if expected != other.texts[name]:
            at = next(i for i, (a, b) in enumerate(zip(expected, other.texts[name], strict=False)) if a != b)
            pytest.fail(
                f"{name}: {expected[at - 60 : at + 60]!r} became {other.texts[name][at - 60 : at + 60]!r}"
            )


def test_what_is_learned_from_the_reports_knows_no_name(base: Chain, made: Exercise) -> None:
    """Parameters come out the same whoever is called what."""
    audits = {
        name: at % 3 > 0 for at, name in enumerate(base.observed.observations["obs_id"].to_pylist()[::4])
    }
    learned = []
    for names in ({}, CYCLE):
        other = relabel_exercise(made, names)
        line = next(f for f in other.geometry["features"] if f["properties"]["role"] == "line")
        learned.append(
            fusion.learn(
                relabel_table(base.observed.observations, names), base.exposure, line=Line.from_geojson(line),
                sectors=Sectors.from_geojson(other.geometry), alignments=other.alignments, audits=audits,
            ).as_dict()
        )  # fmt: skip
    assert learned[0] == learned[1]
    assert learned[0] != fusion.DEFAULTS.as_dict()


def test_a_bias_would_be_found(base: Chain, made: Exercise) -> None:
    """The comparison can fail: one probability moved for one name is a difference."""
    names = dict(zip(ALIGNMENTS, reversed(ALIGNMENTS), strict=True))
    biased = base.incidents.to_pylist()
    row = next(row for row in biased if row["side"] == "north")
    row["probability_e4"] -= 1
    assert first_difference("incident", relabel_rows(biased, names), rows(base.incidents, names)) != ""
    assert result_digest(relabel_rows(biased, names)) != result_digest(rows(base.incidents, names))


def test_the_command_runs_the_exercise_of_the_folder_again(base: Chain) -> None:
    """As busy as the folder's own, not as the full one."""
    result = trying.swap(base.mission.root)
    assert (result["symmetric"], result["difference"]) == (True, "")
    assert (result["incidents"], result["findings"]) == (base.incidents.num_rows, base.findings.num_rows)
