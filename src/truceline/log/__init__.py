"""The transparency log: notes, entries, tree, tiles, sequencer, checkpoints, proofs."""
