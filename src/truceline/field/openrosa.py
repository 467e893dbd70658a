"""OpenRosa's documents: the list of forms, a manifest, an answer, and the instance that a client submits.

Source: OpenRosa 1.0, Form Discovery, Form Submission and Metadata Schema (docs.getodk.org/openrosa).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from truceline.errors import IntakeError
from truceline.field.forms import Form

HEADERS: Final = {"X-OpenRosa-Version": "1.0", "Content-Type": "text/xml; charset=utf-8"}
_LIST: Final = "http://openrosa.org/xforms/xformsList"
_MANIFEST: Final = "http://openrosa.org/xforms/xformsManifest"
_RESPONSE: Final = "http://openrosa.org/http/response"
_MOST_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Instance:
    """What a client submitted: of which form, under which id, and every answer that is not empty."""

    form: str
    instance_id: str
    answers: dict[str, str]


def form_list(forms: Iterable[Form], address: str) -> str:
    """The list of forms; `address` is where `forms/ID` lies."""
    listed = "".join(
        f"<xform><formID>{one.id}</formID><name>{escape(one.title)}</name><version>{one.version}</version>"
        f"<hash>md5:{one.md5}</hash><downloadUrl>{escape(f'{address}/forms/{one.id}')}</downloadUrl></xform>"
        for one in forms
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<xforms xmlns="{_LIST}">{listed}</xforms>\n'


def manifest() -> str:
    """The manifest of a form without files of its own."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<manifest xmlns="{_MANIFEST}"/>\n'


def response(message: str, nature: str = "submit_success") -> str:
    """The answer to a submission."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<OpenRosaResponse xmlns="{_RESPONSE}">'
        f'<message nature="{nature}">{escape(message)}</message></OpenRosaResponse>\n'
    )


def instance(raw: bytes) -> Instance:
    """Read a submitted instance.

    Raises:
        IntakeError: INT-032, not an instance of a form with an id, or larger than it can be.
    """
    try:
        if len(raw) > _MOST_BYTES or b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
            raise ValueError("too large, or with a document type")
        root = ElementTree.fromstring(raw)  # noqa: S314 - no document type, hence no entity of its own
        answers: dict[str, str] = {}
        for one in root.iter():
            text = (one.text or "").strip()
            if len(one) == 0 and text:
                answers[_local(one.tag)] = text
        ident = answers.pop("instanceID", "") or root.get("instanceID", "")
        form = root.get("id", "")
        if not ident or not form or len(ident) > 200:
            raise ValueError("without a form or an instanceID")
    except (ElementTree.ParseError, ValueError, RecursionError) as problem:
        raise IntakeError(
            "INT-032", "a submission must be one instance of a form, with its instanceID", value=str(problem),
            remedy="Send it with ODK Collect, or as the OpenRosa standard has it.",
        ) from problem  # fmt: skip
    return Instance(form, ident, answers)


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
