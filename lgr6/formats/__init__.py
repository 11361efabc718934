"""How days and hours are written wherever nobody says so: as on the pages of the portal."""
