"""Languages of the pages: words by catalogue, dates as a language writes them, and who has checked the words.

A template is written in English, and a text between two tags is looked up as a whole; what no catalogue has stays in
English. A catalogue that no translator has reviewed says so on every page.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import jinja2
import yaml
from babel.core import Locale
from babel.dates import format_datetime
from fastapi import Request
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

COOKIE: Final = "truceline_language"
_FOLDER: Final = Path(__file__).parent / "catalogues"
_TAG: Final = re.compile(r"(<[^>]*>?)")


@dataclass(frozen=True, slots=True)
class Language:
    """One language. `note` is empty where a translator has reviewed the words."""

    code: str
    name: str
    note: str
    words: Mapping[str, str]

    def say(self, text: str) -> str:
        """The text in this language, or as it is."""
        return self.words.get(text, text)

    def moment(self, at: dt.datetime) -> str:
        """Date and time to the minute."""
        if self.code == "en":
            return f"{at:%Y-%m-%d %H:%M}"  # the same for every reader of English, and it sorts
        return format_datetime(at, "d MMM y, HH:mm", locale=Locale(self.code))


def _load() -> dict[str, Language]:
    made = {"en": Language("en", "English", "", {})}
    for code in ("ru", "hy", "az"):
        told = yaml.safe_load((_FOLDER / f"{code}.yaml").read_text(encoding="utf-8"))
        note = "" if told["reviewed"] else told["unreviewed"]
        made[code] = Language(code, told["language"], note, told["words"])
    return made


LANGUAGES: Final = _load()
KNOWN: Final = frozenset().union(*(one.words for one in LANGUAGES.values()))


def language_of(request: Request) -> Language:
    """What the reader chose, or else what the browser asks for first that is here."""
    chosen = request.cookies.get(COOKIE, "")
    if chosen in LANGUAGES:
        return LANGUAGES[chosen]
    for part in request.headers.get("accept-language", "")[:200].split(","):
        code = part.split(";")[0].strip().lower().partition("-")[0]
        if code in LANGUAGES:
            return LANGUAGES[code]
    return LANGUAGES["en"]


class Translated(Extension):
    """Looks up every text between two tags of a template; attributes stay as they are."""

    def filter_stream(self, stream: TokenStream) -> TokenStream | Iterable[Token]:
        """Put a call of `say` in the place of each text that a catalogue knows."""
        return TokenStream(self._tokens(stream), stream.name, stream.filename)

    def _tokens(self, stream: TokenStream) -> Iterator[Token]:
        inside = False  # of a tag that an expression cut in two
        for token in stream:
            if token.type != "data":
                yield token
                continue
            text: Any = token.value
            if inside:
                head, mark, text = text.partition(">")
                inside = not mark
                yield Token(token.lineno, "data", head + mark)
            for piece in _TAG.split(text):
                if piece.startswith("<"):
                    inside = not piece.endswith(">")
                words = " ".join(piece.split())
                if piece.startswith("<") or words not in KNOWN:
                    yield Token(token.lineno, "data", piece)
                    continue
                at = piece.index(words.split()[0])
                yield Token(token.lineno, "data", piece[:at])
                for kind, value in (
                    ("variable_begin", "{{"), ("name", "say"), ("lparen", "("), ("string", words), ("rparen", ")"), ("variable_end", "}}"),
                ):  # fmt: skip
                    yield Token(token.lineno, kind, value)
                yield Token(token.lineno, "data", piece[at + len(piece.strip()) :])


def environment(folder: Path) -> jinja2.Environment:
    """The templates of a folder, escaped and translated."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, extensions=[Translated],
    )  # fmt: skip
