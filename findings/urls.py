from django.urls import path

from . import views

app_name = "findings"

urlpatterns = [
    path("findings/", views.finding_list, name="finding_list"),
    path("findings/feed.atom", views.feed_atom, name="feed_atom"),
    path("findings/feed.json", views.feed_json, name="feed_json"),
    path("findings/<slug:slug>/", views.finding_detail, name="finding_detail"),
    path("findings/<slug:slug>.json", views.finding_json, name="finding_json"),
    path("findings/<slug:slug>.bib", views.finding_bib, name="finding_bib"),
    path("findings/<slug:slug>.ris", views.finding_ris, name="finding_ris"),
    path("findings/<slug:slug>.pdf", views.finding_pdf, name="finding_pdf"),
    path("resources/", views.resource_list, name="resource_list"),
    path("cohorts/<slug:cohort_slug>/findings/", views.agreement_list, name="agreement_list"),
    path("cohorts/<slug:cohort_slug>/findings/<slug:slug>/", views.agreement_detail, name="agreement_detail"),
    path("cohorts/<slug:cohort_slug>/gather/", views.gathering_room, name="gathering_room"),
    path("cohorts/<slug:cohort_slug>/gather/themes/", views.theme_table, name="theme_table"),
    path("cohorts/<slug:cohort_slug>/gather/notes/<uuid:pk>/", views.passage_new, name="passage_new"),
    path("cohorts/<slug:cohort_slug>/gather/passages/", views.passage_list, name="passage_list"),
    path("cohorts/<slug:cohort_slug>/gather/passages/<int:pk>/", views.passage_edit, name="passage_edit"),
    path("cohorts/<slug:cohort_slug>/gather/passages/<int:pk>/remove/", views.passage_remove, name="passage_remove"),
    path(
        "cohorts/<slug:cohort_slug>/gather/passages/<int:pk>/put-back/",
        views.passage_put_back,
        name="passage_put_back",
    ),
    path("cohorts/<slug:cohort_slug>/gather/passages/<int:pk>/take/", views.passage_take, name="passage_take"),
]
