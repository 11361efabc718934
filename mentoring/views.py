from django.http import Http404


def unbuilt(request, *args, **kwargs):
    raise Http404


mentoring_list = slot_new = slot_withdraw = session_book = session_detail = session_cancel = session_move = session_record = remark_new = follow_up_new = follow_up_tick = unbuilt
