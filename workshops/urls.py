from django.urls import path

from . import views

app_name = "workshops"

urlpatterns = [
    path("cohorts/<slug:cohort_slug>/workshops/", views.workshop_list, name="workshop_list"),
    path("cohorts/<slug:cohort_slug>/workshops/<int:number>/", views.workshop_detail, name="workshop_detail"),
    path("cohorts/<slug:cohort_slug>/workshops/<int:number>/reply/", views.workshop_reply, name="workshop_reply"),
    path(
        "cohorts/<slug:cohort_slug>/workshops/<int:number>/calendar.ics",
        views.workshop_calendar,
        name="workshop_calendar",
    ),
]
