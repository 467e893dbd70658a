"""The pages of a mission of record: what was agreed, asked, signalled and said, each with its source, nothing computed.

Pure: one frozen view gives the same bytes, without script or network.
"""

from truceline.report.record.pages import render_record, summary
from truceline.report.record.view import Fact, Place, Provision, RecordView, anchor

__all__ = ["Fact", "Place", "Provision", "RecordView", "anchor", "render_record", "summary"]
