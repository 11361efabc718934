from django.urls import path

from . import views

app_name = "findings"

urlpatterns = [
    path("findings/", views.finding_list, name="finding_list"),
    path("findings/feed.atom", views.feed_atom, name="feed_atom"),
    path("findings/feed.json", views.feed_json, name="feed_json"),
    path("findings/themes/<slug:slug>/feed.atom", views.theme_atom, name="theme_atom"),
    path("findings/themes/<slug:slug>/feed.json", views.theme_json, name="theme_json"),
    path("findings/<slug:slug>/", views.finding_detail, name="finding_detail"),
    path("findings/<slug:slug>/releases/<int:number>/", views.finding_release, name="finding_release"),
    path("findings/<slug:slug>.json", views.finding_json, name="finding_json"),
    path("findings/<slug:slug>.csl.json", views.finding_csl, name="finding_csl"),
    path("findings/<slug:slug>.png", views.finding_png, name="finding_png"),
    path("findings/<slug:slug>.bib", views.finding_bib, name="finding_bib"),
    path("findings/<slug:slug>.ris", views.finding_ris, name="finding_ris"),
    path("findings/<slug:slug>.pdf", views.finding_pdf, name="finding_pdf"),
    path("reports/<slug:slug>/", views.report_detail, name="report_detail"),
    path("reports/<slug:slug>/editions/<int:number>/", views.report_edition, name="report_edition"),
    path("reports/<slug:slug>.pdf", views.report_pdf, name="report_pdf"),
    path("resources/", views.resource_list, name="resource_list"),
    path("findings/<slug:slug>/cy/", views.finding_welsh, name="finding_welsh"),
    path("findings/<slug:slug>/pictures/<int:pk>.webp", views.finding_picture, name="finding_picture"),
    path("findings/<slug:slug>/follow/", views.finding_follow, name="finding_follow"),
    path("follow/<str:key>/", views.follow_confirm, name="follow_confirm"),
    path("follow/<str:key>/leave/", views.follow_leave, name="follow_leave"),
    path("review/<str:key>/", views.finding_review, name="finding_review"),
    path("review/<str:key>/pictures/<int:pk>.webp", views.review_picture, name="review_picture"),
    path("cohorts/<slug:cohort_slug>/findings/", views.agreement_list, name="agreement_list"),
    path("cohorts/<slug:cohort_slug>/findings/<slug:slug>/", views.agreement_detail, name="agreement_detail"),
    path(
        "cohorts/<slug:cohort_slug>/findings/<slug:slug>/pictures/<int:pk>.webp",
        views.agreement_picture,
        name="agreement_picture",
    ),
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
