"""Nothing of others' in static/ that the list does not name, nothing changed, nothing that calls elsewhere."""

import hashlib
import json
import re
from pathlib import Path

import pytest

STATIC = Path(__file__).resolve().parents[2] / "static"
LISTED = {
    name: checksum
    for package in json.loads((STATIC / "vendor/vendor.json").read_text("utf-8"))
    for name, checksum in package["files"].items()
}
HOSTS = re.compile(rb"https?://(?!www\.w3\.org/)[\w.-]+")


def test_every_vendored_file_is_listed_with_its_licence():
    there = {
        str(path.relative_to(STATIC))
        for folder in ("vendor", "fonts")
        for path in (STATIC / folder).iterdir()
        if path.suffix in {".js", ".css", ".woff2"}
    }

    assert there == set(LISTED)


@pytest.mark.parametrize("name", LISTED)
def test_a_vendored_file_is_what_the_list_says(name):
    assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == LISTED[name]


def test_no_style_or_script_of_ours_names_another_host():
    files = [path for kind in ("css", "js", "vendor") for path in (STATIC / kind).glob("*.*s")]
    named = {path.name: found for path in files if (found := HOSTS.findall(path.read_bytes()))}

    assert files
    assert named == {}


def test_the_style_sheets_of_a_public_page_stay_within_their_budget():
    """30 KB of CSS and 120 KB of fonts, compressed (design notes); what every page loads, and the heaviest extra."""
    import gzip

    pages = ["base.css", "masthead.css", "line.css", "forms.css"]
    extra = max(
        (len(gzip.compress((STATIC / "css" / name).read_bytes())) for name in ("home.css", "finding.css")), default=0
    )
    css = sum(len(gzip.compress((STATIC / "css" / name).read_bytes())) for name in pages) + extra
    fonts = sum(path.stat().st_size for path in (STATIC / "fonts").glob("*-latin-wght-*.woff2"))

    assert css <= 30 * 1024
    assert fonts <= 120 * 1024
