"""Originals, sealed payloads, commitments, disclosure: what stands behind the entries of the log.

blobs.py public bytes by digest; vault.py sealed bytes and their wrapped keys; commitments.py one commitment a record;
rowtree.py one root over the rows of a file; disclose.py the coarse form.
"""

from truceline.evidence.blobs import Blobs
from truceline.evidence.commitments import DUMMY, Opened, SealedRecord, commitment_of
from truceline.evidence.disclose import disclosed_observations
from truceline.evidence.rowtree import RowTree
from truceline.evidence.vault import Vault, verify_wraps

__all__ = [
    "DUMMY", "Blobs", "Opened", "RowTree", "SealedRecord", "Vault", "commitment_of", "disclosed_observations",
    "verify_wraps",
]  # fmt: skip
