"""Questions that every visitor asks. Django writes their SQL once a process: that takes longer than most answers."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import Any, NamedTuple, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model, QuerySet
from django.db.models.query import get_related_populators

M = TypeVar("M", bound=Model)

# Stands for what is asked for while the SQL is written; no address or name is it.
PLACE = "\ue000"


class Written(NamedTuple):
    """A QuerySet's SQL, and what Django knows of the columns that come back."""

    sql: str
    values: tuple[Any, ...]
    compiler: Any
    converters: dict[Any, Any]


def asked_often(question: Callable[..., QuerySet[M]]) -> Callable[..., list[M]]:
    """Makes of a function that gives a QuerySet one that gives its rows, with those of `select_related`. Its argument,
    if it takes one, is a text that the QuerySet compares with as it is; what it annotates does not come along."""
    written = writing(question)

    @wraps(question)
    def rows(*text: str) -> list[M]:
        it = written(*[PLACE for _ in text])
        own, select = it.compiler.klass_info, it.compiler.select
        names = [select[place][0].target.attname for place in own["select_fields"]]
        related = get_related_populators(own, select, DEFAULT_DB_ALIAS)  # type: ignore[call-arg]  # its stubs are of Django 6
        found = []
        for row in answer(it, text):
            found.append(own["model"].from_db(DEFAULT_DB_ALIAS, names, row[: len(names)]))
            for populator in related:
                populator.populate(row, found[-1])
        return found

    return rows


def counted_often(question: Callable[..., QuerySet[Any, dict[str, Any]]]) -> Callable[..., list[dict[str, Any]]]:
    """The same for a QuerySet of `values` that are counted: each row by the names of its columns."""
    written = writing(question)

    @wraps(question)
    def rows(*text: str) -> list[dict[str, Any]]:
        it = written(*[PLACE for _ in text])
        names = [name for _, _, name in it.compiler.select]
        return [dict(zip(names, row, strict=True)) for row in answer(it, text)]

    return rows


def writing(question: Callable[..., QuerySet[Any, Any]]) -> Callable[..., Written]:
    @cache
    def written(*places: str) -> Written:
        rows = question(*places)
        compiler = rows.query.get_compiler(DEFAULT_DB_ALIAS)
        sql, values = compiler.as_sql()
        columns = [column for column, _, _ in compiler.select]
        return Written(sql, tuple(values), compiler, compiler.get_converters(columns))

    return written


def answer(it: Written, text: tuple[str, ...]) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(it.sql, [text[0] if value == PLACE else value for value in it.values])
        rows = cursor.fetchall()
    return it.compiler.apply_converters(rows, it.converters) if it.converters else rows
