"""The composition root: record, fuse, assess, publish, replay."""
