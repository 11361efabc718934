from django.http import Http404


def unbuilt(request, *args, **kwargs):
    raise Http404


phase_list = phase_detail = note_list = note_new = note_preview = note_detail = note_edit = note_save = note_history = note_comment = note_delete = note_put_back = experiment_new = experiment_edit = drafts_download = unbuilt
