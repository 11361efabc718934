"""Every kind of page each role can open: one address for each URL name, found by following links."""

from __future__ import annotations

import re
from collections import deque
from html import unescape
from urllib.parse import urljoin, urlsplit

from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import Resolver404, resolve

PART = {
    "anonymous": "",
    "participant": "participant@rehearsal.example",
    "mentor": "mentor@rehearsal.example",
    "staff": "staff@rehearsal.example",
}
# Pages that are no HTML, or that end the visit.
NOT_PAGES = re.compile(
    r"\.(json|bib|ris|pdf|atom|ics|md|txt|xml)$|^/(static|accounts/logout|admin/logout|admin/jsi18n)"
)


def kinds_of_pages(role: str, most: int = 900) -> dict[str, str]:
    """URL name → an address that answers this role with an HTML page."""
    client = Client()
    if address := PART[role]:
        client.force_login(
            get_user_model().objects.get(email=address), backend="django.contrib.auth.backends.ModelBackend"
        )
    queue, seen, found = deque(["/", "/my/", "/accounts/login/", "/findings/nothing-here/"]), set(), {}
    if role == "staff":
        queue.append("/admin/")
    while queue and len(seen) < most:
        path = queue.popleft()
        if path in seen or NOT_PAGES.search(path):
            continue
        seen.add(path)
        try:
            name = resolve(path).view_name
        except Resolver404:
            continue
        if name in found:
            continue
        response = client.get(path)
        if response.status_code in (301, 302):
            queue.append(urlsplit(response["Location"]).path)
            continue
        if not response.get("Content-Type", "").startswith("text/html"):
            continue
        if response.status_code == 404:
            name = "404"
        found[name] = path
        for href in re.findall(r'href="([^"#?]+)', response.content.decode()):
            target = urlsplit(urljoin(f"http://testserver{path}", unescape(href)))
            if target.netloc == "testserver":
                queue.append(target.path)
    return found
