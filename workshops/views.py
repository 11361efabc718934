from django.http import Http404


def unbuilt(request, *args, **kwargs):
    raise Http404


workshop_list = workshop_detail = workshop_reply = workshop_calendar = unbuilt
