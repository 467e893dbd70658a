"""The JSON Schemas of `agreement.yaml`, `cases/*.yaml` and `plan.yaml`, for completion in editors; published in docs/reference/."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from truceline.agreement.models import AgreementFile, CaseFile
from truceline.agreement.plan.models import PlanFile
from truceline.records import codes

FIELD_WORDS: Final = Path(__file__).parent / "field_words.yaml"
"""What each field means, by `field` or `Model.field`."""
DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _Words(GenerateJsonSchema):
    """Code lists become enumerations, so that an editor can offer their words."""

    def function_after_schema(self, schema: core_schema.AfterValidatorFunctionSchema) -> JsonSchemaValue:
        made = super().function_after_schema(schema)
        words = getattr(schema["function"]["function"], "words", None)
        return made if words is None else {**made, "enum": list(words)}


def schema() -> dict[str, Any]:
    """JSON Schema of `agreement.yaml`."""
    return _published(AgreementFile, "An agreement: agreement.yaml of a Truceline agreement folder")


def case_schema() -> dict[str, Any]:
    """JSON Schema of a file of `cases/`."""
    return _published(CaseFile, "Cases of an agreement: what must follow from what")


def plan_schema() -> dict[str, Any]:
    """JSON Schema of `plan.yaml`."""
    return _published(PlanFile, "The plan of an agreement: plan.yaml of a Truceline agreement folder")


def _published(model: type[BaseModel], title: str) -> dict[str, Any]:
    made = model.model_json_schema(by_alias=True, schema_generator=_Words)
    words = yaml.safe_load(FIELD_WORDS.read_text(encoding="utf-8"))
    whole = {"AgreementFile": "agreement", "PlanFile": "plan"}.get(model.__name__, model.__name__)
    for name, one in [*made.get("$defs", {}).items(), (whole, made)]:
        for field, about in one.get("properties", {}).items():
            said = words.get(f"{name}.{field}", words.get(field))
            if said:
                about["description"] = said
    return {
        "$schema": DIALECT,
        **made,
        "title": title,
        "$comment": f"Generated; code lists of version {codes.CODES_VERSION}.",
    }
