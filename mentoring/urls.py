from django.urls import path

from . import views

app_name = "mentoring"

urlpatterns = [
    path("cohorts/<slug:cohort_slug>/mentoring/", views.mentoring_list, name="mentoring_list"),
    path("cohorts/<slug:cohort_slug>/mentoring/slots/new/", views.slot_new, name="slot_new"),
    path("cohorts/<slug:cohort_slug>/mentoring/slots/<int:pk>/withdraw/", views.slot_withdraw, name="slot_withdraw"),
    path("cohorts/<slug:cohort_slug>/mentoring/slots/<int:pk>/book/", views.session_book, name="session_book"),
    path("cohorts/<slug:cohort_slug>/mentoring/sessions/<int:pk>/", views.session_detail, name="session_detail"),
    path("cohorts/<slug:cohort_slug>/mentoring/sessions/<int:pk>/cancel/", views.session_cancel, name="session_cancel"),
    path("cohorts/<slug:cohort_slug>/mentoring/sessions/<int:pk>/move/", views.session_move, name="session_move"),
    path("cohorts/<slug:cohort_slug>/mentoring/sessions/<int:pk>/record/", views.session_record, name="session_record"),
    path("cohorts/<slug:cohort_slug>/mentoring/sessions/<int:pk>/remarks/", views.remark_new, name="remark_new"),
    path(
        "cohorts/<slug:cohort_slug>/mentoring/sessions/<int:pk>/follow-ups/", views.follow_up_new, name="follow_up_new"
    ),
    path("cohorts/<slug:cohort_slug>/mentoring/follow-ups/<int:pk>/", views.follow_up_tick, name="follow_up_tick"),
]
