from django.urls import path

from . import leaving, mailroom, newsletter, provider

app_name = "correspondence"

urlpatterns = [
    path("newsletter/", newsletter.newsletter, name="newsletter"),
    path("newsletter/confirm/<str:token>/", newsletter.newsletter_confirm, name="newsletter_confirm"),
    path("newsletter/leave/<str:token>/", newsletter.newsletter_leave, name="newsletter_leave"),
    path("letters/leave/<str:token>/", leaving.letters_leave, name="letters_leave"),
    path("letters/provider/", provider.provider_says, name="provider_says"),
    path("mailroom/", mailroom.mailroom, name="mailroom"),
    path("mailroom/<int:pk>/", mailroom.mailroom_letter, name="mailroom_letter"),
    path("mailroom/<int:pk>/html/", mailroom.mailroom_html, name="mailroom_html"),
]
