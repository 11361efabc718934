"""Makes people who write: a running cohort, an organisation and a session for each. Prints what their clients need."""

import json
import sys
from datetime import timedelta

import django

PEOPLE_AN_ORGANISATION = 4


def main() -> None:
    django.setup()
    from django.conf import settings
    from django.test import Client
    from django.utils import timezone

    from participants.models import Cohort, Membership, Organisation, Seat, User

    cohort = Cohort.objects.create(slug="bench", title="Bench", status=Cohort.Status.RUNNING)
    found = []
    for number in range(int(sys.argv[1])):
        if number % PEOPLE_AN_ORGANISATION == 0:
            organisation = Organisation.objects.create(name=f"Bench {number}", slug=f"bench-{number}")
            membership = Membership.objects.create(cohort=cohort, organisation=organisation, name=organisation.name)
        user = User.objects.create_user(email=f"person{number}@bench.example", password=None, name=f"Person {number}")
        Seat.objects.create(membership=membership, user=user, started_at=timezone.now() - timedelta(days=1))
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        found.append({"session": session, "notes": f"/cohorts/{cohort.slug}/notes/"})
    print(json.dumps(found))


if __name__ == "__main__":
    main()
