"""The form of a proposal: a line, what is expected along it, who would watch, what access they have, what it costs.

Places are given along the line and off it, never in degrees: a proposal says where one would stand, not where anybody
stands. Models validate; unknown fields are refused. JSON Schema: `schema()`.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from truceline.errors import MechanismError

FORMAT: Final = "truceline.mechanism/1"

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9\-]{0,39}$")]
Km = Annotated[float, Field(ge=0, le=5_000)]
Share = Annotated[float, Field(ge=0, le=1)]
Metres = Annotated[int, Field(ge=1, le=100_000)]
Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-4]):[0-5]\d$")]
Position = tuple[Annotated[float, Field(ge=-180, le=180)], Annotated[float, Field(ge=-90, le=90)]]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Hill(_Form):
    """Ground that hides what lies behind it: a bell of this height and radius."""

    at_km: Km
    side: Id
    offset_m: Annotated[int, Field(ge=0, le=100_000)] = 0
    radius_m: Metres
    height_m: Annotated[int, Field(ge=1, le=5_000)]


class Ground(_Form):
    """The line, drawn so that `left` lies to its left, and the hills beside it."""

    coordinates: Annotated[
        list[Position], Field(min_length=2, max_length=20_000, description="lon, lat in degrees, WGS 84")
    ]
    left: Id
    right: Id
    hills: Annotated[list[Hill], Field(max_length=200)] = []


class HotSpot(_Form):
    """A stretch where more is expected; weights are shares of what does not fall anywhere."""

    at_km: Km
    spread_km: Annotated[float, Field(gt=0, le=500)] = 1.5
    weight: Annotated[float, Field(gt=0, le=1_000)] = 1.0


class Expectation(_Form):
    """What is thought to happen; everything here is drawn anew, with doubt, in each replication."""

    incidents_per_day: Annotated[float, Field(gt=0, le=20_000)]
    night_share: Share = 0.5
    depth_m: Annotated[int, Field(ge=10, le=50_000, description="median distance from the line")] = 1_000
    left_share: Annotated[
        float, Field(ge=0, le=1, description="share on the left ground; only in an exercise, else one half")
    ] = 0.5
    anywhere_share: Annotated[
        float, Field(ge=0, le=1, description="share that falls evenly along the line")
    ] = 0.15
    hot_spots: Annotated[list[HotSpot], Field(max_length=500)] = []
    leaves_traces: Annotated[
        float, Field(ge=0, le=1, description="share that a visit can still establish")
    ] = 0.35


class _Fixed(_Form):
    id: Id
    at_km: Km
    side: Id
    offset_m: Annotated[int, Field(ge=0, le=20_000)] = 1_000
    up: Annotated[
        float, Field(ge=0, le=1, description="share of its time in which it works or is manned")
    ] = 0.9


class Post(_Fixed):
    """A manned observation post."""

    range_m: Metres = 4_000
    hours: Clock = "06:00-18:00"
    nights_per_week: Annotated[float, Field(ge=0, le=7)] = 0
    eye_m: Annotated[int, Field(ge=1, le=200, description="height of the eye above ground")] = 6


class Camera(_Fixed):
    """A camera that looks across the line unless a bearing is given; thermal ones work by night."""

    range_m: Metres = 2_400
    bearing_deg: Annotated[float, Field(ge=0, lt=360)] | None = None
    width_deg: Annotated[float, Field(gt=0, le=360)] = 130
    thermal: bool = False
    eye_m: Annotated[int, Field(ge=1, le=200, description="height of the mast")] = 18


class Array(_Fixed):
    """An array of microphones that locates sounds by itself and reports points."""

    range_m: Metres = 4_000


class Team(_Form):
    """A patrol that stops along its beat, and visits places of incidents."""

    id: Id
    from_km: Km
    to_km: Km
    side: Id
    offset_m: Annotated[int, Field(ge=0, le=20_000)] = 1_500
    range_m: Metres = 2_700
    hours: Clock = "08:00-18:00"
    stops_per_day: Annotated[int, Field(ge=0, le=24)] = 4
    hours_per_stop: Annotated[float, Field(gt=0, le=24)] = 1.75
    visits_per_day: Annotated[float, Field(ge=0, le=24)] = 1
    crosses: Annotated[bool, Field(description="may visit the other side's ground")] = False


class Drone(_Form):
    """A drone of the mission: flights of some hours over hot spots of its stretch."""

    id: Id
    from_km: Km
    to_km: Km
    range_m: Metres = 3_000
    flights_per_day: Annotated[float, Field(ge=0, le=24)] = 1.5
    hours_per_flight: Annotated[float, Field(gt=0, le=24)] = 2.5
    night: bool = False
    jammed: Share = 0.1


class Access(_Form):
    """How often each side's ground is closed to the mission, and how long a visit must be announced."""

    refused: Annotated[
        dict[Id, Share], Field(description="by side: share of watches and visits that are refused")
    ] = {}
    closed: Annotated[list[Closed], Field(max_length=100)] = []
    notice_hours: Annotated[float, Field(ge=0, le=240)] = 6


class Closed(_Form):
    """A stretch of one side that nobody of the mission may enter."""

    side: Id
    from_km: Km
    to_km: Km


class Costs(_Form):
    """A month of one of each, in whatever unit the budget has."""

    post: Annotated[float, Field(ge=0)] = 0
    night_post: Annotated[
        float, Field(ge=0, description="on top, for each night a week that a post is manned")
    ] = 0
    camera: Annotated[float, Field(ge=0)] = 0
    array: Annotated[float, Field(ge=0)] = 0
    team: Annotated[float, Field(ge=0)] = 0
    drone: Annotated[float, Field(ge=0)] = 0


class Budget(_Form):
    """What a month may cost; nothing is refused for it, it is shown."""

    month: Annotated[float, Field(gt=0)]
    unit: Annotated[str, Field(max_length=20)] = "units"
    costs: Costs = Costs()


class Review(_Form):
    """What follows a report."""

    report_hours: Annotated[
        float, Field(ge=0, le=240, description="from an incident to its report on the desk")
    ] = 2
    review_hours: Annotated[float, Field(ge=0, le=720, description="two reviewers and a draft finding")] = 12
    visit_within_hours: Annotated[float, Field(gt=0, le=720)] = 72
    describes: Annotated[
        float, Field(ge=0, le=1, description="share of reports that tell arrival from departure")
    ] = 0.6


class Curve(_Form):
    """Chance of notice: top exp(-(d / scale)^shape)."""

    day_top: Share
    day_scale_m: Metres
    night_top: Share
    night_scale_m: Metres
    shape: Annotated[float, Field(gt=0, le=6)] = 2


class Assumptions(_Form):
    """What is assumed of watchers; the curves that coverage ships unless given, e.g. from `truceline learn`."""

    detection: dict[Literal["post", "patrol", "camera", "acoustic_array", "uav"], Curve] = {}
    day_joint: Share | None = None
    night_joint: Share | None = None
    heard_behind_hills: Annotated[
        float, Field(ge=0, le=1, description="share of a post's or patrol's notice that needs no sight")
    ] = 0.7


class Proposal(_Form):
    """One proposed mechanism."""

    format: Literal["truceline.mechanism/1"]
    name: Annotated[str, Field(min_length=1, max_length=80)]
    exercise: Annotated[bool, Field(description="the ground is fictional")]
    starts: dt.date = Field(description="first day, for the lengths of day and night")
    days: Annotated[int, Field(ge=1, le=120)] = 30
    utc_offset_hours: Annotated[float, Field(ge=-12, le=14, description="local clock against UTC")]
    ground: Ground
    expect: Expectation
    posts: Annotated[list[Post], Field(max_length=500)] = []
    cameras: Annotated[list[Camera], Field(max_length=500)] = []
    arrays: Annotated[list[Array], Field(max_length=500)] = []
    teams: Annotated[list[Team], Field(max_length=200)] = []
    drones: Annotated[list[Drone], Field(max_length=200)] = []
    access: Access = Access()
    budget: Budget | None = None
    review: Review = Review()
    assume: Assumptions = Assumptions()

    @model_validator(mode="after")
    def _holds_together(self) -> Proposal:
        sides = {self.ground.left, self.ground.right}
        if len(sides) != 2:
            raise ValueError("ground.left and ground.right must be two sides")
        everyone: list[Any] = [*self.posts, *self.cameras, *self.arrays, *self.teams, *self.drones]
        ids = [one.id for one in everyone]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise ValueError(f"an id must occur once: {twice[0]}")
        beside: list[Any] = [*everyone, *self.ground.hills, *self.access.closed]
        for one in beside:
            if getattr(one, "side", self.ground.left) not in sides:
                raise ValueError(f"a side must be {' or '.join(sorted(sides))}, got {one.side}")
        if not set(self.access.refused) <= sides:
            raise ValueError("access.refused must name the two sides")
        stretches: list[Any] = [*self.teams, *self.drones, *self.access.closed]
        for one in stretches:
            if not one.from_km < one.to_km:
                raise ValueError("from_km must lie below to_km")
        if not self.exercise and self.expect.left_share != 0.5:
            raise ValueError(
                "expect.left_share must be one half on real ground: priors are equal for every party"
            )
        return self


Access.model_rebuild()
Proposal.model_rebuild()


def load(path: Path) -> Proposal:
    """A proposal from YAML or JSON.

    Raises:
        MechanismError: MEC-001 the file cannot be read, MEC-002 it is not a proposal.
    """
    try:
        text = path.read_text(encoding="utf-8")
        node: Any = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError, ValueError) as problem:
        raise MechanismError(
            "MEC-001", "a proposal must be a YAML file in UTF-8", where=str(path), value=type(problem).__name__,
            remedy="Start from one: truceline mechanism template.",
        ) from problem  # fmt: skip
    return parse(node, str(path))


def parse(node: Any, where: str) -> Proposal:
    """A proposal from plain values. Raises MechanismError MEC-002."""
    try:
        return Proposal.model_validate(node)
    except ValidationError as problem:
        first = problem.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "proposal"
        raise MechanismError(
            "MEC-002", f"a proposal must follow its form: {first['msg']}", where=f"{where}, {place}",
            value=None if isinstance(first["input"], dict) else first["input"],
            remedy="docs/reference/mechanism-format.md lists every field.",
        ) from problem  # fmt: skip


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a proposal."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Proposal.model_json_schema()}
