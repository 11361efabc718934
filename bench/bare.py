"""The other side of the comparison: Django with one view, no middleware, and the portal's bytes at the same paths.

BENCH_BYTES names a JSON file {path: {"body": …, "headers": {…}}}.
"""

import json
import os
from pathlib import Path

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import re_path

settings.configure(
    SECRET_KEY="bench-only", ALLOWED_HOSTS=["127.0.0.1"], ROOT_URLCONF=__name__, MIDDLEWARE=[], LOGGING_CONFIG=None
)

PAGES = {
    path: (page["body"].encode(), page["headers"])
    for path, page in json.loads(Path(os.environ["BENCH_BYTES"]).read_text(encoding="utf-8")).items()
}


def page(request: HttpRequest) -> HttpResponse:
    body, headers = PAGES[request.path]
    # As the portal's middleware does: without it the answer comes in chunks, which costs more.
    return HttpResponse(body, headers={**headers, "Content-Length": str(len(body))})


urlpatterns = [re_path("", page)]
application = get_wsgi_application()
