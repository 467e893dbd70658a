"""Files and feeds to observations, one file a format.

`open_file` gives a Reader whose chunks carry observations, their keys and digests, and what was refused. Formats and
settings: docs/reference/formats.md; the ideas: docs/explanation/intake.md.
"""

from truceline.intake.catalogue import FORMATS, detect
from truceline.intake.chunks import Chunk, Rejected
from truceline.intake.opening import open_file
from truceline.intake.reader import Reader
from truceline.intake.templates import template

__all__ = ["FORMATS", "Chunk", "Reader", "Rejected", "detect", "open_file", "template"]
