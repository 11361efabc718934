from django.http import Http404


def unbuilt(request, *args, **kwargs):
    raise Http404


topic_list = topic_new = topic_detail = comment_withdraw = comment_put_back = unbuilt
