"""Plain words in four languages: complete, from the rule alone, and never without saying that they bind nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from truceline import agreement
from truceline.agreement import conditions, fields, models
from truceline.agreement.restate import LANGUAGES, catalogue, note, restate
from truceline.errors import UsageError
from truceline.records import codes

SHAPES = [one for one in vars(models).values() if isinstance(one, type) and issubclass(one, models.Article)]
UNSAID = {"number", "title", "restatement", "text", "source", "shape", "local", "readings"}


def names() -> Iterator[str]:
    """Every field that a rule can have, as it is written."""
    parts = [*SHAPES, models.Step, models.Hours, models.Limit, fields.Where, fields.WeaponClass]
    parts += [
        one for one in vars(conditions).values() if isinstance(one, type) and issubclass(one, BaseModel)
    ]
    for part in parts:
        if part is not fields.Model:
            for name, field in part.model_fields.items():
                yield field.alias or name


def test_the_four_languages_are_there_and_only_english_is_reviewed() -> None:
    assert LANGUAGES == ("az", "en", "hy", "ru")
    assert {one for one in LANGUAGES if catalogue(one)["reviewed"] is True} == {"en"}
    for language in LANGUAGES:
        assert catalogue(language)["disclaimer"] in note(language)
        assert (catalogue(language)["unreviewed"] in note(language)) == (language != "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_has_every_shape_label_and_word(language: str) -> None:
    words = catalogue(language)
    shapes = {
        get_args(one.model_fields["shape"].annotation)[0] for one in SHAPES if "shape" in one.model_fields
    }
    assert set(words["shapes"]) == shapes
    assert set(names()) - UNSAID <= set(words["labels"])
    assert {*codes.ACTS, *codes.WEAPONS, *get_args(conditions.FactKind)} <= set(words["words"])
    assert set(words["words"]) == set(catalogue("en")["words"])
    assert set(words["labels"]) == set(catalogue("en")["labels"])


def leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for one in value.values():
            yield from leaves(one)
    elif isinstance(value, list):
        for one in value:
            yield from leaves(one)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, str):
        yield from re.findall(r"\d+", value)


@pytest.mark.parametrize("which", agreement.library())
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_number_of_every_rule_that_ships_is_said(which: str, language: str) -> None:
    for article in agreement.load(which).articles:
        said = re.sub(r"(?<=\d) (?=\d)", "", restate(article, language))
        plain = article.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_unset=True)
        rule = {name: one for name, one in plain.items() if name not in UNSAID}
        for reading in re.findall(r"'note': '[^']*'", repr(rule)):
            assert reading  # notes of readings are ours, not the rule's
        missing = {one for one in leaves(_without_notes(rule)) if one not in said}
        assert not missing, (article.key, said)


def _without_notes(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_notes(one) for name, one in value.items() if name != "note"}
    return [_without_notes(one) for one in value] if isinstance(value, list) else value


def test_words_do_not_take_over_the_hand_written_restatement() -> None:
    for which in agreement.library():
        for article in agreement.load(which).articles:
            assert article.restatement not in restate(article)


def test_an_unknown_language_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(UsageError, match="AGR-070"):
        catalogue("xx")
