"""Who was watching, and what silence means."""
