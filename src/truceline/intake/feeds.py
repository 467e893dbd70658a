"""A feed: where a source publishes, in which format, how often to ask. One YAML file lists them; no secret stands in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from truceline.errors import IntakeError

FIRMS: Final = "https://firms.modaps.eosdis.nasa.gov/api/area/csv/{key}/{part}/{area}/{days}"
ACLED: Final = "https://acleddata.com/api/acled/read?_format=csv&limit=5000&page={page}"
_LAST_PAGE: Final = 1000


class Feed(BaseModel):
    """One feed.

    `url` may hold {key} (from the environment variable `key_env`), {part} (each of `parts` in turn), {area}, {days}, and {page},
    which is counted from 1 until an answer has a header only.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,40}$")
    source: Literal["firms", "ucdp", "acled", "file"] = "file"
    url: str = ""
    format: str | None = None
    mapping: str | None = None
    settings: dict[str, str] = {}
    parts: tuple[str, ...] = ("",)
    area: str = ""
    days: int = Field(default=2, ge=1, le=10)
    key_env: str = ""
    bearer_env: str = ""
    every_min: int = Field(default=60, ge=1)
    complete: bool = False  # each answer lists everything: what is missing was taken back
    suffix: str = ".csv"

    @model_validator(mode="before")
    @classmethod
    def _known_source(cls, given: Any) -> Any:
        """What a source is known to need, unless the file says otherwise."""
        presets: dict[str, dict[str, Any]] = {
            "firms": {
                "url": FIRMS,
                "format": "firms-csv",
                "parts": ("VIIRS_NOAA20_NRT",),
                "key_env": "FIRMS_MAP_KEY",
            },
            "ucdp": {"format": "ged-csv", "every_min": 1440},
            "acled": {"url": ACLED, "format": "acled", "bearer_env": "ACLED_TOKEN", "every_min": 1440},
        }
        return presets.get(str(given.get("source", "")), {}) | given if isinstance(given, dict) else given

    @model_validator(mode="after")
    def _whole(self) -> Feed:
        if not self.url.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise ValueError("url must be https (http on this machine only)")
        if "{area}" in self.url and not self.area:
            raise ValueError("area must be west,south,east,north in degrees")
        if self.complete and ("{page}" in self.url or len(self.parts) > 1):
            raise ValueError("complete is for feeds of one answer")
        return self

    def address(self, part: str, page: int, key: str) -> str:
        """The URL to ask; `key` is put in here and nowhere else."""
        try:
            return self.url.format(key=key, part=part, area=self.area, days=self.days, page=page)
        except (KeyError, IndexError, ValueError) as problem:
            raise IntakeError(
                "INT-034", "the url of a feed may hold {key}, {part}, {area}, {days} and {page} only", where=self.id, value=self.url,
                remedy="Double other braces.",
            ) from problem  # fmt: skip

    @property
    def pages(self) -> range:
        """The pages to ask for; the first alone where the address has none."""
        return range(1, _LAST_PAGE if "{page}" in self.url else 2)


def read_feeds(path: Path) -> list[Feed]:
    """The feeds of a file.

    Raises:
        IntakeError: INT-034, not a list of feeds with ids of their own. OSError: the file cannot be read.
    """
    try:
        held = yaml.safe_load(path.read_text(encoding="utf-8"))
        feeds = [Feed.model_validate(one) for one in held["feeds"]]
        twice = sorted({one.id for one in feeds if [other.id for other in feeds].count(one.id) > 1})
        if twice:
            raise ValueError(f"twice: {', '.join(twice)}")
        return feeds
    except ValidationError as problem:
        first = problem.errors()[0]
        raise _wrong(path, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from problem
    except (yaml.YAMLError, UnicodeDecodeError, TypeError, KeyError, ValueError, RecursionError) as problem:
        raise _wrong(path, str(problem)) from problem


def _wrong(path: Path, found: str) -> IntakeError:
    return IntakeError(
        "INT-034", "a file of feeds must list feeds, each with an id of its own and what it needs", where=str(path), value=found,
        remedy="docs/how-to/follow-feeds.md has one to copy.",
    )  # fmt: skip
