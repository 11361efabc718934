from django.http import Http404


def unbuilt(request, *args, **kwargs):
    raise Http404


organisation_list = invitation_accept = profile = calendar_renew = unbuilt
