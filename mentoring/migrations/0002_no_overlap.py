"""A mentor is in one place at a time: the database itself refuses overlapping live sessions.

PostgreSQL has exclusion constraints; SQLite gets two triggers. SQLite's table rebuild, by which Django alters a
table, drops triggers made by hand: a later migration that alters the session table must run `forbid` again.
tests/mentoring/test_overlap.py looks for what stands here on the database at hand.
"""

from django.db import migrations

CLASH = """
    SELECT RAISE(ABORT, 'mentoring_no_overlap') WHERE EXISTS (
        SELECT 1 FROM mentoring_mentoringsession AS other
        WHERE other.mentor_id = NEW.mentor_id AND other.state IN ('booked', 'held')
          AND other.starts_at < NEW.ends_at AND NEW.starts_at < other.ends_at AND other.id IS NOT NEW.id
    );
"""

FORBID = {
    "postgresql": [
        "CREATE EXTENSION IF NOT EXISTS btree_gist",
        """
        ALTER TABLE mentoring_mentoringsession ADD CONSTRAINT mentoring_no_overlap
        EXCLUDE USING gist (mentor_id WITH =, tstzrange(starts_at, ends_at, '[)') WITH &&)
        WHERE (state IN ('booked', 'held'))
        """,
    ],
    "sqlite": [
        f"""
        CREATE TRIGGER mentoring_no_overlap_insert BEFORE INSERT ON mentoring_mentoringsession
        WHEN NEW.state IN ('booked', 'held')
        BEGIN {CLASH} END
        """,
        f"""
        CREATE TRIGGER mentoring_no_overlap_update
        BEFORE UPDATE OF mentor_id, starts_at, ends_at, state ON mentoring_mentoringsession
        WHEN NEW.state IN ('booked', 'held')
        BEGIN {CLASH} END
        """,
    ],
}

ALLOW = {
    # The extension stays: others may use it by now.
    "postgresql": ["ALTER TABLE mentoring_mentoringsession DROP CONSTRAINT IF EXISTS mentoring_no_overlap"],
    "sqlite": [
        "DROP TRIGGER IF EXISTS mentoring_no_overlap_insert",
        "DROP TRIGGER IF EXISTS mentoring_no_overlap_update",
    ],
}


def forbid(apps, schema_editor):
    for statement in FORBID[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def allow(apps, schema_editor):
    for statement in ALLOW[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("mentoring", "0001_initial")]

    operations = [migrations.RunPython(forbid, allow)]
