"""The index that the public's search asks: over the words of `FindingWords`, as discussions/migrations/0002_search_index.py
lays it over those of the notes, with the same warning for a later migration that alters the table.
"""

from django.db import migrations

FORGET = "INSERT INTO findings_searchwords (findings_searchwords, rowid, words) VALUES ('delete', OLD.id, OLD.words);"
LEARN = "INSERT INTO findings_searchwords (rowid, words) VALUES (NEW.id, NEW.words);"

# Without fastupdate: what was written since the last VACUUM would make each search dear, and publishing is rare.
LAY = {
    "postgresql": [
        """
        CREATE INDEX findings_searchwords ON findings_findingwords
        USING gin (array_to_tsvector(string_to_array(words, ' '))) WITH (fastupdate = off)
        """
    ],
    "sqlite": [
        # "ascii" parts words at spaces and leaves every letter beyond ASCII as it is.
        """
        CREATE VIRTUAL TABLE findings_searchwords USING fts5(
            words, content='findings_findingwords', content_rowid='id', tokenize='ascii', detail='none', columnsize=0
        )
        """,
        f"""
        CREATE TRIGGER findings_searchwords_insert AFTER INSERT ON findings_findingwords BEGIN {LEARN} END
        """,
        f"""
        CREATE TRIGGER findings_searchwords_update AFTER UPDATE ON findings_findingwords BEGIN {FORGET} {LEARN} END
        """,
        f"""
        CREATE TRIGGER findings_searchwords_delete AFTER DELETE ON findings_findingwords BEGIN {FORGET} END
        """,
        "INSERT INTO findings_searchwords (findings_searchwords) VALUES ('rebuild')",
    ],
}

LIFT = {
    "postgresql": ["DROP INDEX IF EXISTS findings_searchwords"],
    "sqlite": [
        "DROP TRIGGER IF EXISTS findings_searchwords_insert",
        "DROP TRIGGER IF EXISTS findings_searchwords_update",
        "DROP TRIGGER IF EXISTS findings_searchwords_delete",
        "DROP TABLE IF EXISTS findings_searchwords",
    ],
}


def lay(apps, schema_editor):
    for statement in LAY[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def lift(apps, schema_editor):
    for statement in LIFT[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("findings", "0001_initial")]

    operations = [migrations.RunPython(lay, lift)]
