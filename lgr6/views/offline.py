"""What a browser keeps of the portal itself, so that pages it has kept open without a connection."""

from __future__ import annotations

import hashlib
import json

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse

from participants.guards import shop_window

# All that an editor needs. What a kept page asks for beside these is kept when it is first seen.
FILES = [
    "css/base.css",
    "css/masthead.css",
    "css/line.css",
    "css/forms.css",
    "css/note-files.css",
    "css/research.css",
    "fonts/atkinson-hyperlegible-next-latin-wght-normal.woff2",
    "fonts/bricolage-grotesque-latin-wght-normal.woff2",
    "js/device.js",
    "js/keep-page.js",
    "js/kept-text.js",
    "js/note-editor.js",
    "js/note-files.js",
    "js/offline-page.js",
    "js/sending.js",
    "js/sign-in-again.js",
    "js/unsent-texts.js",
    "js/who-else.js",
    "js/write-preview.js",
    "vendor/markdown-toolbar-element.js",
]


@shop_window
def offline(request: HttpRequest) -> HttpResponse:
    """The page a browser shows where the portal does not answer; nothing in it is anybody's."""
    return render(request, "lgr6/offline.html")


@shop_window
def service_worker(request: HttpRequest) -> HttpResponse:
    """The script that shows it. At the root, because a worker rules the folder it lies in; a new list, a new worker."""
    shell = json.dumps([reverse("offline"), *(static(name) for name in FILES)])
    context = {
        "shell": shell,
        "version": hashlib.sha256(shell.encode()).hexdigest()[:12],
        "static_url": settings.STATIC_URL,
    }
    return render(request, "lgr6/service_worker.js", context, content_type="text/javascript; charset=utf-8")
