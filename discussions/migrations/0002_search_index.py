"""The index that search asks: over the words of `SearchEntry`, which come folded and stemmed.

PostgreSQL indexes them as a text search vector; SQLite has a table of FTS5 that three triggers keep in step. Neither
database makes anything of a word: both find what discussions/words.py wrote. SQLite's table rebuild, by which Django
alters a table, drops triggers made by hand: a later migration that alters the table must run `lay` again.
tests/discussions/test_search.py looks for what stands here on the database at hand.
"""

from django.db import migrations

FORGET = "INSERT INTO discussions_searchwords (discussions_searchwords, rowid, words) VALUES ('delete', OLD.id, OLD.words);"
LEARN = "INSERT INTO discussions_searchwords (rowid, words) VALUES (NEW.id, NEW.words);"

LAY = {
    "postgresql": [
        """
        CREATE INDEX discussions_searchwords ON discussions_searchentry
        USING gin (array_to_tsvector(string_to_array(words, ' ')))
        """
    ],
    "sqlite": [
        # "ascii" parts words at spaces and leaves every letter beyond ASCII as it is.
        """
        CREATE VIRTUAL TABLE discussions_searchwords USING fts5(
            words, content='discussions_searchentry', content_rowid='id', tokenize='ascii', detail='none', columnsize=0
        )
        """,
        f"""
        CREATE TRIGGER discussions_searchwords_insert AFTER INSERT ON discussions_searchentry BEGIN {LEARN} END
        """,
        f"""
        CREATE TRIGGER discussions_searchwords_update AFTER UPDATE ON discussions_searchentry BEGIN {FORGET} {LEARN} END
        """,
        f"""
        CREATE TRIGGER discussions_searchwords_delete AFTER DELETE ON discussions_searchentry BEGIN {FORGET} END
        """,
        "INSERT INTO discussions_searchwords (discussions_searchwords) VALUES ('rebuild')",
    ],
}

LIFT = {
    "postgresql": ["DROP INDEX IF EXISTS discussions_searchwords"],
    "sqlite": [
        "DROP TRIGGER IF EXISTS discussions_searchwords_insert",
        "DROP TRIGGER IF EXISTS discussions_searchwords_update",
        "DROP TRIGGER IF EXISTS discussions_searchwords_delete",
        "DROP TABLE IF EXISTS discussions_searchwords",
    ],
}


def lay(apps, schema_editor):
    for statement in LAY[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def lift(apps, schema_editor):
    for statement in LIFT[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("discussions", "0001_initial")]

    operations = [migrations.RunPython(lay, lift)]
