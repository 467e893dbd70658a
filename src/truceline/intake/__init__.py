"""Files and feeds to observations, one file a format."""
