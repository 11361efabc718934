from django.http import Http404


def unbuilt(request, *args, **kwargs):
    raise Http404


accessibility = home = privacy = unbuilt
