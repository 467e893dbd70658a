"""The mechanism designer: what a proposed mechanism would watch, notice, verify and attribute, before anybody agrees to it.

proposal.py the form; ground.py the line and its hills; foretell.py one month drawn many times; compare.py proposals over the
same incidents, and what one more would add; pictures.py and page.py what a negotiator reads. It reads proposals and nothing
else: no mission, no log, no real position.
"""

from truceline.mechanism.compare import MEASURES, Comparison, Foretold, Interval, compare
from truceline.mechanism.page import as_dict, rows, said, sentences, write
from truceline.mechanism.proposal import FORMAT, Proposal, load, parse, schema
from truceline.mechanism.templates import template, templates

__all__ = [
    "FORMAT",
    "MEASURES",
    "Comparison",
    "Foretold",
    "Interval",
    "Proposal",
    "as_dict",
    "compare",
    "load",
    "parse",
    "rows",
    "said",
    "schema",
    "sentences",
    "template",
    "templates",
    "write",
]
