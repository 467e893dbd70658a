"""Blobs, sealed payloads, commitments and disclosure."""
