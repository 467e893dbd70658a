"""The transparency log: notes, entries, tree, tiles, sequencer, checkpoints, proofs.

merkle.py hashing and proofs; notes.py keys and signed notes; entries.py the envelope; chain.py who may sign what comes
next; tiles.py the published layout; checkpoints.py checkpoints and the commit point; staging.py entries on their way;
locking.py one writer; log.py the sequencer; verifying.py every byte checked.
"""
