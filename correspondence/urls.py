from django.urls import path

from . import views

app_name = "correspondence"

urlpatterns = [
    path("newsletter/", views.newsletter, name="newsletter"),
    path("newsletter/confirm/<str:token>/", views.newsletter_confirm, name="newsletter_confirm"),
    path("newsletter/leave/<str:token>/", views.newsletter_leave, name="newsletter_leave"),
    path("mailroom/", mailroom.mailroom, name="mailroom"),
    path("mailroom/<int:pk>/", mailroom.mailroom_letter, name="mailroom_letter"),
]
