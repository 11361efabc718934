from django.http import Http404


def unbuilt(request, *args, **kwargs):
    raise Http404


finding_list = feed_atom = feed_json = finding_detail = finding_json = finding_bib = finding_ris = finding_pdf = resource_list = agreement_list = agreement_detail = unbuilt
