"""Geodesy, uncertain places, lines and their sides, zones, sectors; shapely, pyproj and h3 live here only."""

from truceline.geo.cells import cell_centres, cell_ids
from truceline.geo.distance import destination, separation_m
from truceline.geo.frame import Frame
from truceline.geo.gaussian import Profile
from truceline.geo.lines import Line
from truceline.geo.outlines import band_outline, displaced_m
from truceline.geo.places import UncertainPlaces, uncertain_places
from truceline.geo.sectors import Sectors
from truceline.geo.zones import Band, Point, Polygon

__all__ = [
    "Band", "Frame", "Line", "Point", "Polygon", "Profile", "Sectors", "UncertainPlaces", "band_outline", "cell_centres", "cell_ids", "destination",
    "displaced_m", "separation_m", "uncertain_places",
]  # fmt: skip
