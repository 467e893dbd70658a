"""Change settings and pin policies: an entry of operator and commission."""

from __future__ import annotations

from collections.abc import Mapping

from truceline.mission.handing_in import by_authorities
from truceline.mission.mission import Mission
from truceline.mission.settings import Value, check, of_log
from truceline.records.kinds import Settings


def change(
    mission: Mission, changed: Mapping[str, Value], policies: Mapping[str, str], reason: str = ""
) -> bytes:
    """The entry that changes settings and policies, signed by whoever of operator and commission is at hand.

    Args:
        policies: texts of `receipt` and `final`; one without a `log` line gets this log's.
    Raises:
        UsageError: MIS-003, MIS-007, MIS-054, LOG-120..122, LOG-145. LogError: LOG-052, LOG-140, LOG-141.
    """
    texts = {name: of_log(text, mission.log.key) for name, text in policies.items()}
    body = Settings(settings=dict(changed), policies=texts, reason=reason)
    check(body)
    chain = mission.log.chain
    chain.pinned.take({"policies": texts}, chain.size, mission.log.key, chain.keys_used)
    return by_authorities(mission, body)
