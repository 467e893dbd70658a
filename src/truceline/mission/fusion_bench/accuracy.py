"""Grouping, existence, places and totals against a simulated truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.stats import chi2

from truceline import fusion
from truceline.fusion import Parameters
from truceline.geo.points import Float64Array, Int64Array
from truceline.mission.fusion_bench import peers
from truceline.mission.fusion_bench.lines import Line, at_least, at_most
from truceline.scale import memberships, sides_of
from truceline.score.columns import measure_columns
from truceline.score.partitions import PartitionScore, of_numbers
from truceline.score.probabilities import reliability
from truceline.simulate.columns import Settings, blocks

FINE = ("post", "camera", "acoustic_array", "party")


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """Simulated observations, what truly happened, and what fusion made of it."""

    observations: pa.Table
    truth: pa.Table
    happened: pa.Table
    incidents: pa.Table
    membership: pa.Table
    parameters: Parameters

    @property
    def real(self) -> Int64Array:
        """(n,) number of each report's true incident; reports of nothing have numbers of their own."""
        where = pc.index_in(
            self.truth.column("incident_id"), value_set=self.happened.column("incident_id").combine_chunks()
        )
        found = pc.fill_null(where, -1).to_numpy().astype(np.int64)
        alone = found < 0
        found[alone] = self.happened.num_rows + np.flatnonzero(alone)
        return np.asarray(found, dtype=np.int64)

    @property
    def found(self) -> Int64Array:
        """(n,) number of the incident that fusion put each report into."""
        order = pc.index_in(
            self.observations.column("obs_id"), value_set=self.membership.column("obs_id").combine_chunks()
        )
        label = pc.dictionary_encode(self.membership.column("incident_id").take(order).combine_chunks())
        number = pc.fill_null(label.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
        alone = number < 0
        number[alone] = len(label.dictionary) + np.flatnonzero(alone)
        return np.asarray(number, dtype=np.int64)

    @property
    def fine(self) -> Int64Array:
        """Rows of posts, cameras, arrays and parties that claim."""
        kind = pc.is_in(self.observations.column("source_kind"), value_set=pa.array(FINE))
        return np.flatnonzero(
            pc.and_(kind, pc.not_equal(self.observations.column("stance"), "denial")).to_numpy()
        )


def world(count: int, seed: int, settings: Settings, audits: int = 0) -> World:
    """Simulate, learn (with so many audits of incidents drawn at random) and fuse."""
    parts = list(blocks(count, seed, settings))
    table, truth, happened = (
        pa.concat_tables([getattr(p, n) for p in parts]).combine_chunks()
        for n in ("observations", "truth", "incidents")
    )
    names = [pc.unique(table.column(n)).to_pylist() for n in ("actor", "accused")]
    alignments = sides_of([*names[0], *names[1]], None)
    origin = np.zeros(table.num_rows, dtype=np.int64)
    parameters = fusion.learn(table, alignments=alignments)
    made = fusion.fuse(table, origin=origin, parameters=parameters, alignments=alignments)
    if audits:
        known = audited(made.incidents, truth, audits, seed)
        parameters = fusion.learn(table, alignments=alignments, audits=known)
        made = fusion.fuse(table, origin=origin, parameters=parameters, alignments=alignments)
    return World(table, truth, happened, made.incidents, memberships(made), parameters)


def audited(incidents: pa.Table, truth: pa.Table, count: int, seed: int) -> dict[str, bool]:
    """What looking into incidents drawn at random tells: whether most of the reports were of something."""
    chosen = np.sort(np.random.default_rng(seed).permutation(incidents.num_rows)[:count])
    some = incidents.take(pa.array(chosen))
    of = dict(zip(truth.column("obs_id").to_pylist(), truth.column("incident_id").to_pylist(), strict=True))
    told = {}
    for name, members in zip(
        some.column("incident_id").to_pylist(), some.column("supports").to_pylist(), strict=True
    ):
        told[name] = 2 * sum(of[one] is not None for one in members) >= len(members)
    return told


def grouping(made: World, what: str, with_peers: bool, goal: float) -> tuple[list[Line], dict[str, Any]]:
    """Lines on grouping: fused, peers, and the share of what knowing the true incidents would give."""
    spots, real, fine = peers.Spots(made.observations), made.real, made.fine
    zero = spots.from_s.min()
    told = np.flatnonzero(made.happened.column("reports").to_numpy() > 0)
    there = made.happened.take(pa.array(told))
    known_xy = spots.frame.to_xy(
        np.column_stack([there.column(n).to_numpy() / 1e6 for n in ("lon_udeg", "lat_udeg")])
    )
    known_at = there.column("at_ms").to_numpy() / 1e3 - zero
    nothing = int(pc.sum(pc.is_null(made.truth.column("incident_id"))).as_py())
    clutter = float(np.log(max(nothing, 1) / (400e3 * 8e3) / max(float(np.ptp(spots.at)), 1.0)))
    limit = peers.ceiling(spots, known_xy, known_at, np.array(there.column("act").to_pylist()), clutter)
    found = made.found
    every = {
        "fused": of_numbers(_plain(found), _plain(real)),
        "true incidents given": of_numbers(_plain(limit), _plain(real)),
    }
    some = {
        "fused": of_numbers(_plain(found[fine]), _plain(real[fine])),
        "true incidents given": of_numbers(_plain(limit[fine]), _plain(real[fine])),
    }
    lines = []
    if with_peers:
        try:
            best = max(
                (
                    (of_numbers(_plain(label), _plain(real[fine])), name)
                    for name, label in peers.dbscan(spots, fine)
                ),
                key=lambda one: one[0].bcubed_f1,
            )
            some[f"DBSCAN, best of {len(peers.EPS)} ({best[1]})"] = best[0]
            few = fine[spots.known[fine]][:20_000]
            name, label = peers.splink(spots, few, _plain(real[few]))
            some[f"Splink EM, first {len(few):,} rows ({name})"] = of_numbers(
                _plain(label), _plain(real[few])
            )
        except ImportError:
            lines.append(Line("DBSCAN, Splink", peers.MISSING))
    share = some["fused"].pairwise_f1 / some["true incidents given"].pairwise_f1
    lines.insert(
        0,
        at_least(
            f"{what}: pairs F1 of fine reports, share of the ceiling",
            share,
            goal,
            _f(some["true incidents given"]),
            measured=f"{share:.3f} ({_f(some['fused'])})",
        ),
    )
    lines += [
        Line(f"{what}: fine, {name}", _f(one))
        for name, one in some.items()
        if name not in ("fused", "true incidents given")
    ]
    lines.append(
        Line(
            f"{what}: all reports, fused", _f(every["fused"]), f"ceiling {_f(every['true incidents given'])}"
        )
    )
    return lines, {
        "all": {n: s.as_dict() for n, s in every.items()},
        "fine": {n: s.as_dict() for n, s in some.items()},
    }


def _f(score: PartitionScore) -> str:
    return f"pairs {score.pairwise_f1:.3f}, B3 {score.bcubed_f1:.3f}"


def _plain(label: Int64Array) -> Int64Array:
    return np.unique(label, return_inverse=True)[1].astype(np.int64)


def existence(plain: World, taught: World, what: str, audits: int) -> tuple[list[Line], dict[str, Any]]:
    """Lines on existence: ours with and without audits, the base rate, two kinds, points; a table of frequencies on true groups as limit."""
    said, known = (
        measure_columns(plain.membership, plain.truth),
        measure_columns(taught.membership, taught.truth),
    )
    limit, limit_taught = (
        measure_columns(on_true_groups(one), one.truth)["skill"] for one in (plain, taught)
    )
    kinds_limit = _by_kinds(plain)
    probability, outcome, kinds, score = _incidents(plain)
    two = reliability(np.where(kinds >= 2, 0.95, 0.7), outcome)
    confirmed = reliability(np.where(score >= 8, 0.95, 0.5), outcome)
    share = said["skill"] / limit if limit > 0 else float("nan")
    with_audits = known["skill"] / limit_taught if limit_taught > 0 else float("nan")
    lines = [
        at_least(f"{what}: Brier skill, share of the limit, no audits", share, 0.95, f"the same model on true groups: skill {limit:.3f}; frequencies by kinds on them: {kinds_limit:.3f}", measured=f"{share:.2f} (Brier {said['brier']:.3f}, skill {said['skill']:.3f})"),
        at_least(f"{what}: the same, {audits:,} audits", with_audits, 0.95, f"the same model on true groups: skill {limit_taught:.3f}", measured=f"{with_audits:.2f} (Brier {known['brier']:.3f}, skill {known['skill']:.3f})"),
        at_most(f"{what}: ECE, no audits", said["ece"], 0.03), at_most(f"{what}: ECE, {audits:,} audits", known["ece"], 0.02),
        Line(f"{what}: Brier of peers", f"base rate {said['brier_of_base_rate']:.3f}, two kinds {two.brier:.3f}, points rule {confirmed.brier:.3f}", f"ours {said['brier']:.3f}"),
        Line(f"{what}: points rule, share of what it confirms that happened", f"{float(outcome[score >= 8].mean()) if (score >= 8).any() else float('nan'):.3f} of {int((score >= 8).sum()):,} confirmed", f"all incidents {float(outcome.mean()):.3f}"),
    ]  # fmt: skip
    del probability
    total = abs(known["incidents_expected"] / max(known["incidents_true"], 1) - 1)
    lines.append(
        at_most(
            f"{what}: total of incidents told of, {audits:,} audits",
            total,
            0.08,
            f"expected {known['incidents_expected']:,.0f}, true {known['incidents_true']:,}",
        )
    )
    return lines, {
        "without_audits": said,
        "with_audits": known,
        "limit_skill": limit,
        "limit_skill_with_audits": limit_taught,
        "kinds_skill": kinds_limit,
    }


def on_true_groups(made: World) -> pa.Table:
    """`MEMBERSHIP` of the same model under the same parameters, where officers had grouped all reports as they truly belong."""
    ids = np.array(made.observations.column("obs_id").to_pylist(), dtype=object)
    order = np.argsort(made.real, kind="stable")
    cuts = np.flatnonzero(np.diff(made.real[order])) + 1
    truly = fusion.Split(tuple(tuple(part.tolist()) for part in np.split(ids[order], cuts)))
    names = [pc.unique(made.observations.column(n)).to_pylist() for n in ("actor", "accused")]
    return memberships(
        fusion.fuse(
            made.observations, origin=np.zeros(len(ids), dtype=np.int64), parameters=made.parameters,
            alignments=sides_of([*names[0], *names[1]], None), constraints=[truly], tile_days=0,
        )
    )  # fmt: skip


def _incidents(made: World) -> tuple[Float64Array, Any, Int64Array, Float64Array]:
    truth = measure_truth(made)
    kinds = pc.list_value_length(made.incidents.column("source_kinds")).to_numpy().astype(np.int64)
    best = np.zeros(made.incidents.num_rows)
    np.maximum.at(best, truth[1], peers.points(made.observations, peers.Spots(made.observations))[truth[2]])
    return made.incidents.column("probability_e4").to_numpy() / 1e4, truth[0], kinds, best


def measure_truth(made: World) -> tuple[Any, Int64Array, Int64Array]:
    """Whether each incident is real; (incident, row) of each supporting report."""
    listed = made.incidents.column("supports").combine_chunks()
    of = pc.list_parent_indices(listed).to_numpy().astype(np.int64)
    row = (
        pc.index_in(listed.flatten(), value_set=made.observations.column("obs_id").combine_chunks())
        .to_numpy()
        .astype(np.int64)
    )
    happened = pc.is_valid(made.truth.column("incident_id")).to_numpy()[row]
    size = np.bincount(of, minlength=made.incidents.num_rows)
    real = np.bincount(of, weights=happened, minlength=made.incidents.num_rows) / np.maximum(size, 1) >= 0.5
    return real, of, row


def _by_kinds(made: World) -> float:
    """Skill of the frequency of truth among groups with the same kinds and size, groups known, each fifth told by the rest."""
    real = made.real
    kind = (
        pc.dictionary_encode(made.observations.column("source_kind").combine_chunks())
        .indices.to_numpy()
        .astype(np.int64)
    )
    told = (
        pc.not_equal(made.observations.column("stance"), "denial").to_numpy()
        & pc.is_null(made.observations.column("copy_of")).to_numpy()
    )
    groups, of = np.unique(real[told], return_inverse=True)
    pattern = np.zeros(len(groups), dtype=np.int64)
    np.bitwise_or.at(pattern, of, np.int64(1) << kind[told])
    size = np.minimum(np.bincount(of), 3)
    outcome = groups < made.happened.num_rows
    cell = np.unique(pattern * 4 + size, return_inverse=True)[1]
    fold = np.arange(len(groups)) % 5
    said = np.empty(len(groups))
    base = float(outcome.mean())
    for k in range(5):
        rest = fold != k
        hits = np.bincount(cell[rest], weights=outcome[rest], minlength=cell.max() + 1)
        said[~rest] = ((hits + 2 * base) / (np.bincount(cell[rest], minlength=cell.max() + 1) + 2))[
            cell[~rest]
        ]
    return float(reliability(said, outcome).skill)


def places(made: World, what: str) -> list[Line]:
    """How often the true place lies in the stated ellipse, for incidents whose reports are all of one that happened."""
    real, of, row = measure_truth(made)
    frame = peers.Spots(made.observations).frame
    number = made.real[row]
    first = np.full(made.incidents.num_rows, -1, dtype=np.int64)
    first[of[::-1]] = number[::-1]
    pure = np.ones(made.incidents.num_rows, dtype=bool)
    np.logical_and.at(pure, of, number == first[of])
    lon = made.incidents.column("lon_udeg").cast(pa.float64()).fill_null(np.nan).to_numpy()
    kept = np.flatnonzero(pure & real & (first < made.happened.num_rows) & ~np.isnan(lon))
    some = made.incidents.take(pa.array(kept))
    said = frame.to_xy(np.column_stack([some.column(n).to_numpy() / 1e6 for n in ("lon_udeg", "lat_udeg")]))
    there = made.happened.take(pa.array(first[kept]))
    true = frame.to_xy(np.column_stack([there.column(n).to_numpy() / 1e6 for n in ("lon_udeg", "lat_udeg")]))
    a, b, c = (some.column(n).to_numpy().astype(float) for n in ("cov_ee_m2", "cov_en_m2", "cov_nn_m2"))
    d = said - true
    square = (c * d[:, 0] ** 2 - 2 * b * d[:, 0] * d[:, 1] + a * d[:, 1] ** 2) / (a * c - b * b)
    lines = []
    for level in (0.5, 0.9, 0.95):
        held = float((square <= chi2.ppf(level, 2)).mean())
        lines.append(
            at_most(
                f"{what}: {level:.0%} ellipse holds",
                abs(held - level) * 100,
                2.0,
                f"of {len(kept):,} incidents",
                " points",
                f"{held:.1%}",
            )
        )
    return lines
