"""Views for people, rebuildable from the log."""
