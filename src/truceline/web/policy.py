"""Who may do what. A route without a line here cannot be added: the application refuses to start.

`EVERYTHING` are the roles that read the sealed layer; all others, parties and public alike, read the disclosed layer.
"""

from __future__ import annotations

from typing import Final

from truceline.records.roles import ROLES

ALL: Final = frozenset(ROLES)
KNOWN: Final = ALL - {"public"}
EVERYTHING: Final = frozenset({"officer", "auditor"})
WORKING: Final = frozenset({"officer", "auditor", "commissioner", "liaison", "mediator"})

POLICY: Final[dict[str, frozenset[str]]] = {
    # name of the route -> roles
    "situation": ALL,
    "days": ALL,
    "sectors": ALL,
    "places": EVERYTHING,
    "incident_list": ALL,
    "incident": ALL,
    "queue": EVERYTHING,
    "review": frozenset({"officer"}),
    "review_batch": frozenset({"officer"}),
    "take_finding": frozenset({"officer"}),
    "merge": frozenset({"officer"}),
    "split": frozenset({"officer"}),
    "notices": WORKING,
    "give_notice": frozenset({"officer"}),
    "escalate": frozenset({"officer"}),
    "acknowledge": frozenset({"liaison"}),
    "reply": frozenset({"liaison"}),
    "signals": ALL,
    "note_signal": frozenset({"officer", "mediator"}),
    "keep_private": frozenset({"mediator"}),  # sealed to the mediators: not even the mission opens it
    "release_signal": frozenset({"mediator"}),
    "observers": ALL,  # consent is public; the roster within is for EVERYTHING
    "consent": frozenset({"liaison"}),
    "assign": frozenset({"officer"}),
    "coverage": ALL,  # in arrears; the sealed part within is for EVERYTHING
    "mechanism": ALL,
    "mechanism_picture": WORKING,
    "take_stance": frozenset({"liaison"}),
    "commission": ALL,  # sittings and decisions stand in the open; drafts are for those who may read the pack
    "meeting": WORKING,
    "call_meeting": frozenset({"commissioner"}),
    "draft_decision": frozenset({"commissioner"}),
    "sign_decision": frozenset({"commissioner"}),
    "withdraw_draft": frozenset({"commissioner"}),
    "statements": ALL,
    "plan": ALL,
    "agreement": ALL,
    "reports": ALL,
    "report_file": ALL,
    "log_page": ALL,
    "log_file": ALL,
    "live": ALL,
    "language": ALL,
    "administration": frozenset({"admin"}),
    "change_account": frozenset({"admin"}),
    "account": KNOWN,
    "new_token": KNOWN,
    "revoke_token": KNOWN,
    "login_form": ALL,
    "login": ALL,
    "logout": ALL,
    "healthz": ALL,
    "metrics": ALL,  # counts and times of requests, nothing of the mission
    "api_incidents": ALL,
    "api_incident": ALL,
    "api_queue": EVERYTHING,
    "api_review": frozenset({"officer"}),
    "api_observations": frozenset({"observer"}),
    "api_notices": WORKING,
    "api_signals": ALL,
    "api_coverage": ALL,
    "api_plan": ALL,
    "api_decisions": ALL,
    "api_statements": ALL,
    "api_reports": ALL,
    "openapi": ALL,
    "field": ALL,  # the form itself holds nothing; a device shows its token at each call
    "field_worker": ALL,
    "field_manifest": ALL,
    "field_profile": ALL,
    "field_enrolment": ALL,
    "field_pair": ALL,
    "field_envelopes": ALL,
    "openrosa_forms": ALL,  # the token in the address is a device's
    "openrosa_form": ALL,
    "openrosa_manifest": ALL,
    "openrosa_ready": ALL,
    "openrosa_submission": ALL,
    "devices": EVERYTHING,
}


def may(role: str, route: str) -> bool:
    """Whether a role may use a route; a route without a line is for nobody."""
    return role in POLICY.get(route, frozenset())


def sees_everything(role: str) -> bool:
    """Whether a role reads the sealed layer."""
    return role in EVERYTHING
