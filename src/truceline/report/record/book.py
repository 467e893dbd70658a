"""Who and what in words: parties and actors with their roles, records as links, sources by number; one form for all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from truceline.records.kinds import (
    AgreedText,
    Appeal,
    Kind,
    PlanStep,
    Proposal,
    Signal,
    Source,
    Stance,
    Statement,
)
from truceline.report.record.times import day_words, when
from truceline.report.record.view import Fact, RecordView, anchor
from truceline.report.words import code, listed

CLAIMS: Final = frozenset({"accuses", "denies", "claims"})
"""Acts of a statement that say what happened on the ground: they stand side by side, and none is weighed."""
PROPOSALS: Final = {"russian-observers": "Russian observers"}
ROLES: Final = {
    "co_chair": "co-chair", "minsk_group_member": "member of the Minsk Group",
    "would_be_contributor": "would-be contributor of observers", "contributor": "later contributor of peacekeepers",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Book:
    """What every part of the pages looks up."""

    view: RecordView
    facts: dict[str, Fact]
    names: dict[str, str]
    roles: dict[str, str]
    sources: dict[Source, int]

    @classmethod
    def of(cls, view: RecordView) -> Book:
        """Look-ups over a view; sources are numbered in the order in which the log first names them."""
        named = [getattr(fact.body, "source", None) for fact in view.facts]
        every = [*(one for one in named if one is not None), *(place.source for place in view.places)]
        return cls(
            view, {fact.id: fact for fact in view.facts},
            {one.id: one.names["en"] for one in view.parties} | {one.id: one.names["en"] for one in view.actors},
            {one.id: ", ".join(ROLES.get(role, code(role)) for role in one.roles) for one in view.actors},
            {source: number for number, source in enumerate(dict.fromkeys(every), 1)},
        )  # fmt: skip

    def name(self, ident: str) -> str:
        """A party or actor in English; anything else as it stands."""
        return self.names.get(ident, ident)

    def short(self, ident: str) -> str:
        """The same for running text: Republic of X as X."""
        return self.name(ident).removeprefix("Republic of ")

    def all_of(self, kind: type[Kind]) -> list[tuple[Fact, Any]]:
        """The records of one kind in the order of the log."""
        return [(fact, fact.body) for fact in self.view.facts if isinstance(fact.body, kind)]

    def statements(self) -> list[tuple[Fact, Statement]]:
        """What was said, without the articles of the agreed texts."""
        return [(fact, body) for fact, body in self.all_of(Statement) if not is_article(body)]

    def source(self, source: Source) -> dict[str, Any]:
        """A source for a link to its page and one to its row."""
        return {
            "url": source.url, "title": source.title or source.url.split("/")[2], "publisher": source.publisher,
            "published": source.published, "number": self.sources[source],
        }  # fmt: skip

    def link(self, ident: str, *, dated: bool = True) -> dict[str, str]:
        """A link to a record, with who and, unless the day is said beside it, when."""
        body = self.facts[ident].body
        undated = isinstance(body, (PlanStep, AgreedText)) or (
            isinstance(body, Statement) and is_article(body)
        )
        day = f", {day_words(when(body).day)}" if dated and not undated else ""
        return {"href": anchor(ident), "words": self.label(body) + day}

    def label(self, body: Kind) -> str:
        """A record in a few words, without its day."""
        match body:
            case Statement() if is_article(body):
                return self.about(body.article)
            case Statement():
                return sentence(body.speaker)
            case Signal():
                return f"{self.short(body.from_actor)} to {self.short(body.to_actor)}"
            case Appeal():
                return listed([self.short(one) for one in body.by])
            case Proposal():
                return f"{self.short(body.by)} proposes {proposal(body.proposal_id)}"
            case Stance():
                return f"{self.short(body.party)} on {proposal(body.proposal)}: {body.stance}"
            case PlanStep() | AgreedText():
                return body.title
            case _:
                raise TypeError(f"{body!r} is not shown as a link")

    def about(self, article: str) -> str:
        """An article (`text_id/number`) by the day from which its text is in force; by the id where that is not on record."""
        ident = article.rpartition("/")[0]
        fact = self.facts.get(ident)
        text = f"the text of {day_words(when(fact.body).day)}" if fact is not None else ident
        return f"article {article_number(article)} of {text}"


def proposal(word: str) -> str:
    """What a position is about, in words."""
    return PROPOSALS.get(word, code(word).replace("-", " "))


def sentence(words: str) -> str:
    """With a capital, as at the beginning of a sentence."""
    return words[:1].upper() + words[1:]


def is_article(body: Statement) -> bool:
    """Whether a statement is the acceptance of an article, by all at once (`text/1`) or by one (`text/1/party`)."""
    return bool(body.article) and f"{body.statement_id}/".startswith(f"{body.article}/")


def article_number(article: str) -> str:
    """`text_id/2` as `2`."""
    return article.rpartition("/")[2]
