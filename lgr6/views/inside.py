from django.http import Http404


def unbuilt(request, *args, **kwargs):
    raise Http404


cohort_detail = membership_detail = my_programme = unbuilt
