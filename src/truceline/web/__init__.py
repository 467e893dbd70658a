"""The mission server: pages, the API under /api/v1, and the log's files under /log.

One file a page family in `pages/`; who may see what stands in `policy.py` and nowhere else.
"""
