"""The tables of the mission's database: views of the log for people, and the accounts of those people.

A view keeps beside the columns that are searched the whole row as JSON (`row`), as the core made it, without its nulls. Everything but
`people`, `sessions` and `tokens` can be dropped and filled again.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

SCHEMA_VERSION: Final = 2
METADATA: Final = sa.MetaData()
_BIG = sa.BigInteger()

settings = sa.Table(
    "settings", METADATA,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("value", sa.String, nullable=False),
)  # fmt: skip

incidents = sa.Table(
    "incidents", METADATA,
    sa.Column("incident_id", sa.String, primary_key=True),
    sa.Column("midpoint_ms", _BIG, nullable=False),
    sa.Column("reporting_day", sa.String, nullable=False),
    sa.Column("sector_id", sa.String),
    sa.Column("lon_udeg", _BIG),
    sa.Column("lat_udeg", _BIG),
    sa.Column("act", sa.String, nullable=False),
    sa.Column("word", sa.String, nullable=False),
    sa.Column("probability_e4", sa.Integer, nullable=False),
    sa.Column("side", sa.String, nullable=False),
    sa.Column("alleged", sa.Integer, nullable=False),  # findings with the verdict breach
    sa.Column("row", sa.Text, nullable=False),
    sa.Index("incidents_by_time", "midpoint_ms"),
    sa.Index("incidents_by_day", "reporting_day", "sector_id"),
    sa.Index("incidents_by_word", "word", "midpoint_ms"),
)  # fmt: skip

findings = sa.Table(
    "findings", METADATA,
    sa.Column("finding_id", sa.String, primary_key=True),
    sa.Column("incident_id", sa.String, nullable=False, index=True),
    sa.Column("article", sa.String, nullable=False),
    sa.Column("verdict", sa.String, nullable=False),
    sa.Column("probability_e4", sa.Integer),
    sa.Column("midpoint_ms", _BIG, nullable=False),
    sa.Column("state", sa.String, nullable=False),  # of review: REVIEW_STATES
    sa.Column("row", sa.Text, nullable=False),
    sa.Index("findings_queue", "verdict", "state", "midpoint_ms"),
)  # fmt: skip

observations = sa.Table(
    "observations", METADATA,
    sa.Column("obs_id", sa.String, primary_key=True),
    sa.Column("incident_id", sa.String, index=True),  # that it supports or contradicts
    sa.Column("observed_from_ms", _BIG),
    sa.Column("source_id", sa.String),
    sa.Column("source_kind", sa.String, nullable=False),
    sa.Column("row", sa.Text, nullable=False),
)  # fmt: skip

disclosed = sa.Table(
    "disclosed", METADATA,
    sa.Column("incident_id", sa.String, primary_key=True),
    sa.Column("reporting_day", sa.String, nullable=False, index=True),
    sa.Column("sector_id", sa.String),
    sa.Column("word", sa.String, nullable=False),
    sa.Column("row", sa.Text, nullable=False),
)  # fmt: skip

places = sa.Table(
    "places", METADATA,  # of the incidents that have one: lean, so that a map of all days reads little
    sa.Column("incident_id", sa.String, primary_key=True),
    sa.Column("reporting_day", sa.String, nullable=False, index=True),
    sa.Column("probability_e4", sa.Integer, nullable=False),
    sa.Column("word", sa.String, nullable=False),
    sa.Column("act", sa.String, nullable=False),
    sa.Column("lon_udeg", _BIG, nullable=False),
    sa.Column("lat_udeg", _BIG, nullable=False),
    sa.Column("cov_ee_m2", _BIG, nullable=False),
    sa.Column("cov_en_m2", _BIG, nullable=False),
    sa.Column("cov_nn_m2", _BIG, nullable=False),
    sa.Column("exercise", sa.Boolean, nullable=False),
)  # fmt: skip

tallies = sa.Table(
    "tallies", METADATA,  # how many rows of `incidents` or `disclosed` a day has: counting a million at each look takes too long
    sa.Column("view", sa.String, primary_key=True),
    sa.Column("reporting_day", sa.String, primary_key=True),
    sa.Column("word", sa.String, primary_key=True),
    sa.Column("sector_id", sa.String, primary_key=True),  # "" where withheld or unknown
    sa.Column("n", sa.Integer, nullable=False),
)  # fmt: skip

documents = sa.Table(
    "documents", METADATA,  # views that are one piece, as JSON
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("body", sa.Text, nullable=False),
)  # fmt: skip

work = sa.Table(
    "work", METADATA,  # who has a finding in hand; a courtesy, not a lock, and never on the log
    sa.Column("finding_id", sa.String, primary_key=True),
    sa.Column("name", sa.String, nullable=False),  # of the account
    sa.Column("since_ms", _BIG, nullable=False),
)  # fmt: skip

people = sa.Table(
    "people", METADATA,
    sa.Column("name", sa.String, primary_key=True),  # what is typed at the login; a function, not a person's name
    sa.Column("role", sa.String, nullable=False),  # policy.ROLES
    sa.Column("party", sa.String, nullable=False, default=""),  # of a liaison
    sa.Column("signs_as", sa.String, nullable=False),  # role of the folder of keys
    sa.Column("password_hash", sa.String, nullable=False),
    sa.Column("totp_secret", sa.String, nullable=False, default=""),
    sa.Column("totp_last_step", _BIG, nullable=False, default=0),  # a code counts once
    sa.Column("disabled", sa.Boolean, nullable=False, default=False),
)  # fmt: skip

sessions = sa.Table(
    "sessions", METADATA,
    sa.Column("digest", sa.String, primary_key=True),  # SHA-256 of the cookie: a stolen database opens no session
    sa.Column("name", sa.String, sa.ForeignKey("people.name", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("csrf", sa.String, nullable=False),
    sa.Column("expires_ms", _BIG, nullable=False),
    sa.Column("seen_ms", _BIG, nullable=False),
)  # fmt: skip

tokens = sa.Table(
    "tokens", METADATA,
    sa.Column("digest", sa.String, primary_key=True),
    sa.Column("name", sa.String, sa.ForeignKey("people.name", ondelete="CASCADE"), nullable=False),
    sa.Column("label", sa.String, nullable=False),
    sa.Column("made_ms", _BIG, nullable=False),
    sa.Column("revoked", sa.Boolean, nullable=False, default=False),
)  # fmt: skip
