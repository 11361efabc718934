from django.urls import path

from . import letters, organisations, views

app_name = "participants"

urlpatterns = [
    path("organisations/", organisations.organisation_list, name="organisation_list"),
    path("invitations/<str:token>/", views.invitation_accept, name="invitation_accept"),
    path("my/device-key/", views.device_key, name="device_key"),
    path("my/letters/", letters.letters, name="letters"),
    path("my/profile/", views.profile, name="profile"),
    path("my/calendar/", views.calendar_renew, name="calendar_renew"),
]
