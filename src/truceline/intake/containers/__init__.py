"""File shapes: how bytes become blocks of strings. Nothing here knows what a column means."""
