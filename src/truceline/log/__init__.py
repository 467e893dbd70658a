"""The transparency log: notes, entries, tree, tiles, sequencer, checkpoints, proofs.

merkle.py hashing and proofs; notes.py keys and signed notes; entries.py the envelope; tiles.py the published layout;
commit.py the commit point; log.py the sequencer and `verify`.
"""
