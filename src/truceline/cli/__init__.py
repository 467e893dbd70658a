"""The command line: one file a command; each parses, calls the mission or a module's face, and prints."""
