from django.urls import path

from . import views

app_name = "research"

urlpatterns = [
    path("cohorts/<slug:cohort_slug>/phases/", views.phase_list, name="phase_list"),
    path("cohorts/<slug:cohort_slug>/phases/<int:number>/", views.phase_detail, name="phase_detail"),
    path("cohorts/<slug:cohort_slug>/notes/", views.note_list, name="note_list"),
    path("cohorts/<slug:cohort_slug>/notes/new/", views.note_new, name="note_new"),
    path("cohorts/<slug:cohort_slug>/notes/preview/", views.note_preview, name="note_preview"),
    path("cohorts/<slug:cohort_slug>/notes/<uuid:pk>/", views.note_detail, name="note_detail"),
    path("cohorts/<slug:cohort_slug>/notes/<uuid:pk>/edit/", views.note_edit, name="note_edit"),
    path("cohorts/<slug:cohort_slug>/notes/<uuid:pk>/save/", views.note_save, name="note_save"),
    path("cohorts/<slug:cohort_slug>/notes/<uuid:pk>/presence/", views.note_presence, name="note_presence"),
    path("cohorts/<slug:cohort_slug>/notes/<uuid:pk>/conflict/<int:kept>/", views.note_conflict, name="note_conflict"),
    path("cohorts/<slug:cohort_slug>/notes/<uuid:pk>/versions/", views.note_history, name="note_history"),
    path("cohorts/<slug:cohort_slug>/notes/<uuid:pk>/comments/", views.note_comment, name="note_comment"),
    path("cohorts/<slug:cohort_slug>/notes/<uuid:pk>/delete/", views.note_delete, name="note_delete"),
    path("cohorts/<slug:cohort_slug>/notes/<uuid:pk>/put-back/", views.note_put_back, name="note_put_back"),
    path("cohorts/<slug:cohort_slug>/experiments/new/", views.experiment_new, name="experiment_new"),
    path("cohorts/<slug:cohort_slug>/experiments/<int:pk>/", views.experiment_edit, name="experiment_edit"),
    path("my/drafts.md", views.drafts_download, name="drafts_download"),
]
