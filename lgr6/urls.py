"""The map of the site: public pages first."""

from django.contrib import admin
from django.urls import include, path

from . import views

handler400 = "lgr6.views.bad_request"
handler500 = "lgr6.views.server_error"

urlpatterns = [
    path("", views.home, name="home"),
    path("accessibility/", views.accessibility, name="accessibility"),
    path("privacy/", views.privacy, name="privacy"),
    path("", include("participants.urls")),
    path("", include("findings.urls")),
    path("", include("correspondence.urls")),
    path("sitemap.xml", views.sitemap, name="sitemap"),
    path("robots.txt", views.robots, name="robots"),
    path(".well-known/security.txt", views.security_txt, name="security_txt"),
    path(".well-known/change-password", views.change_password, name="change_password"),
    path("service-worker.js", views.service_worker, name="service_worker"),
    path("offline/", views.offline, name="offline"),
    path("favicon.ico", views.favicon, name="favicon"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("calendar/<str:token>.ics", views.calendar_feed, name="calendar_feed"),
    path("my/", views.my_programme, name="my_programme"),
    path("cohorts/<slug:cohort_slug>/", views.cohort_detail, name="cohort_detail"),
    path(
        "cohorts/<slug:cohort_slug>/organisations/<slug:organisation_slug>/",
        views.membership_detail,
        name="membership_detail",
    ),
    path("", include("workshops.urls")),
    path("", include("research.urls")),
    path("", include("mentoring.urls")),
    path("", include("discussions.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]
