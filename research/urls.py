from django.urls import path

from . import views

app_name = "research"

urlpatterns = [
    path("cohorts/<slug:cohort_slug>/phases/", views.phase_list, name="phase_list"),
    path("cohorts/<slug:cohort_slug>/phases/<int:number>/", views.phase_detail, name="phase_detail"),
    path("cohorts/<slug:cohort_slug>/notes/", views.note_list, name="note_list"),
    path("cohorts/<slug:cohort_slug>/notes/new/", views.note_new, name="note_new"),
    path("cohorts/<slug:cohort_slug>/notes/deleted/", views.note_deleted_list, name="note_deleted_list"),
    path("cohorts/<slug:cohort_slug>/notes/quick/", views.note_quick, name="note_quick"),
    path("cohorts/<slug:cohort_slug>/notes/preview/", views.note_preview, name="note_preview"),
    path("cohorts/<slug:cohort_slug>/notes/<uuid:pk>/", views.note_detail, name="note_detail"),
    path("cohorts/<slug:cohort_slug>/notes/<uuid:pk>/edit/", views.note_edit, name="note_edit"),
    path("cohorts/<slug:cohort_slug>/notes/<uuid:pk>/save/", views.note_save, name="note_save"),
    path("cohorts/<slug:cohort_slug>/notes/<uuid:pk>/presence/", views.note_presence, name="note_presence"),
    path("cohorts/<slug:cohort_slug>/notes/<uuid:pk>/conflict/<int:kept>/", views.note_conflict, name="note_conflict"),
    path("cohorts/<slug:cohort_slug>/notes/<uuid:pk>/versions/", views.note_history, name="note_history"),
    path("cohorts/<slug:cohort_slug>/notes/<uuid:pk>/versions/compare/", views.note_compare, name="note_compare"),
    path(
        "cohorts/<slug:cohort_slug>/notes/<uuid:pk>/versions/<int:version_pk>/restore/",
        views.note_restore,
        name="note_restore",
    ),
    path("cohorts/<slug:cohort_slug>/notes/<uuid:pk>/readers/", views.note_readers, name="note_readers"),
    path("cohorts/<slug:cohort_slug>/notes/<uuid:pk>/addenda/", views.note_addendum, name="note_addendum"),
    path("cohorts/<slug:cohort_slug>/notes/<uuid:pk>/comments/", views.note_comment, name="note_comment"),
    path("cohorts/<slug:cohort_slug>/notes/<uuid:pk>/us-too/", views.us_too_new, name="us_too_new"),
    path(
        "cohorts/<slug:cohort_slug>/notes/<uuid:pk>/us-too/<int:us_too_pk>/remove/",
        views.us_too_remove,
        name="us_too_remove",
    ),
    path("cohorts/<slug:cohort_slug>/notes/<uuid:pk>/delete/", views.note_delete, name="note_delete"),
    path("cohorts/<slug:cohort_slug>/notes/<uuid:pk>/put-back/", views.note_put_back, name="note_put_back"),
    path("cohorts/<slug:cohort_slug>/notes/<uuid:pk>/files/", views.note_attachments, name="note_attachments"),
    path("cohorts/<slug:cohort_slug>/notes/<uuid:pk>/files/save/", views.attachment_save, name="attachment_save"),
    path(
        "cohorts/<slug:cohort_slug>/notes/<uuid:pk>/files/<uuid:file_pk>/",
        views.attachment_detail,
        name="attachment_detail",
    ),
    path(
        "cohorts/<slug:cohort_slug>/notes/<uuid:pk>/files/<uuid:file_pk>/describe/",
        views.attachment_describe,
        name="attachment_describe",
    ),
    path(
        "cohorts/<slug:cohort_slug>/notes/<uuid:pk>/files/<uuid:file_pk>/remove/",
        views.attachment_remove,
        name="attachment_remove",
    ),
    path(
        "cohorts/<slug:cohort_slug>/notes/<uuid:pk>/files/<uuid:file_pk>/put-back/",
        views.attachment_put_back,
        name="attachment_put_back",
    ),
    path("cohorts/<slug:cohort_slug>/experiments/", views.experiment_list, name="experiment_list"),
    path("cohorts/<slug:cohort_slug>/experiments/new/", views.experiment_new, name="experiment_new"),
    path("cohorts/<slug:cohort_slug>/experiments/<int:pk>/", views.experiment_detail, name="experiment_detail"),
    path("cohorts/<slug:cohort_slug>/experiments/<int:pk>/edit/", views.experiment_edit, name="experiment_edit"),
    path(
        "cohorts/<slug:cohort_slug>/experiments/<int:pk>/versions/", views.experiment_history, name="experiment_history"
    ),
    path(
        "cohorts/<slug:cohort_slug>/organisations/<slug:organisation_slug>/archive/",
        views.membership_archive,
        name="membership_archive",
    ),
    path("my/archives/", views.archive_list, name="archive_list"),
    path("my/archives/<uuid:pk>/", views.archive_detail, name="archive_detail"),
    path("my/archives/<uuid:pk>/progress/", views.archive_progress, name="archive_progress"),
    path("my/archives/<uuid:pk>/file/", views.archive_file, name="archive_file"),
    path("my/archives/<uuid:pk>/delete/", views.archive_delete, name="archive_delete"),
    path("my/drafts.md", views.drafts_download, name="drafts_download"),
]
