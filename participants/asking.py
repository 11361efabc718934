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
    """A QuerySet's model, its SQL, and what Django knows of the columns that come back: names of its own (of all, where
    it is one of `values`), and who fills in related rows."""

    model: type[Any]
    sql: str
    values: tuple[Any, ...]
    names: list[str]
    related: list[Any]
    compiler: Any
    converters: dict[Any, Any]


def asked_often(question: Callable[..., QuerySet[M]]) -> Callable[..., list[M]]:
    """Makes of a function that gives a QuerySet one that gives its rows, with those of `select_related`. Its argument,
    if it takes one, is a text that the QuerySet compares with as it is; what it annotates does not come along."""
    written = writing(question, of_models)

    @wraps(question)
    def rows(*text: str) -> list[M]:
        it = written(*[PLACE for _ in text])
        found = []
        for row in answer(it, text):
            found.append(it.model.from_db(DEFAULT_DB_ALIAS, it.names, row[: len(it.names)]))
            for populator in it.related:
                populator.populate(row, found[-1])
        return found

    return rows


def counted_often(question: Callable[..., QuerySet[Any, dict[str, Any]]]) -> Callable[..., list[dict[str, Any]]]:
    """The same for a QuerySet of `values` that are counted: each row by the names of its columns."""
    written = writing(question, of_values)

    @wraps(question)
    def rows(*text: str) -> list[dict[str, Any]]:
        it = written(*[PLACE for _ in text])
        return [dict(zip(it.names, row, strict=True)) for row in answer(it, text)]

    return rows


def of_models(compiler: Any) -> tuple[list[str], list[Any]]:
    own, select = compiler.klass_info, compiler.select
    related = get_related_populators(own, select, DEFAULT_DB_ALIAS)  # type: ignore[call-arg]  # its stubs are of Django 6
    return [select[place][0].target.attname for place in own["select_fields"]], related


def of_values(compiler: Any) -> tuple[list[str], list[Any]]:
    return [name for _, _, name in compiler.select], []


def writing(
    question: Callable[..., QuerySet[Any, Any]], names_of: Callable[[Any], tuple[list[str], list[Any]]]
) -> Callable[..., Written]:
    @cache
    def written(*places: str) -> Written:
        rows = question(*places)
        compiler = rows.query.get_compiler(DEFAULT_DB_ALIAS)
        sql, values = compiler.as_sql()
        converters = compiler.get_converters([column for column, _, _ in compiler.select])
        return Written(rows.model, sql, tuple(values), *names_of(compiler), compiler, converters)

    return written


def answer(it: Written, text: tuple[str, ...]) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(it.sql, [text[0] if value == PLACE else value for value in it.values])
        rows = cursor.fetchall()
    return it.compiler.apply_converters(rows, it.converters) if it.converters else rows
