from django.urls import path

from . import views

app_name = "discussions"

urlpatterns = [
    path("cohorts/<slug:cohort_slug>/exchange/", views.topic_list, name="topic_list"),
    path("cohorts/<slug:cohort_slug>/exchange/new/", views.topic_new, name="topic_new"),
    path("cohorts/<slug:cohort_slug>/exchange/<int:pk>/", views.topic_detail, name="topic_detail"),
    path(
        "cohorts/<slug:cohort_slug>/exchange/comments/<int:pk>/withdraw/",
        views.comment_withdraw,
        name="comment_withdraw",
    ),
    path(
        "cohorts/<slug:cohort_slug>/exchange/comments/<int:pk>/put-back/",
        views.comment_put_back,
        name="comment_put_back",
    ),
]
