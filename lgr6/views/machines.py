from django.http import Http404


def unbuilt(request, *args, **kwargs):
    raise Http404


calendar_feed = change_password = csrf_failure = favicon = healthz = readyz = robots = security_txt = sitemap = unbuilt
