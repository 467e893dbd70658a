"""Geodesy, uncertain places, lines and their sides, zones, sectors; shapely, pyproj and h3 live here only."""
