"""One frozen view to HTML, PDF, CSV and GeoJSON, with its map."""
