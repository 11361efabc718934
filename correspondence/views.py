from django.http import Http404


def unbuilt(request, *args, **kwargs):
    raise Http404


newsletter = newsletter_confirm = newsletter_leave = mailroom = mailroom_letter = unbuilt
