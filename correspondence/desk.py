"""What every page of the staff desk keeps to. It stands in the leftmost app, so that all may use it.

Nothing happens before its consequences were shown; nothing tells of rows the page itself would not show; two rows
that may not stand side by side are a message in the form.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import BaseModelAdmin
from django.contrib.admin.utils import NestedObjects, unquote
from django.contrib.admin.widgets import AdminURLFieldWidget
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, models, router
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import capfirst

# One confirmation is about no more rows than a person can look through.
MOST_AT_ONCE = 500


Page = TypeVar("Page", bound=BaseModelAdmin)


class Desk(admin.ModelAdmin):
    """A page of the staff desk for one model."""

    list_per_page = 50
    formfield_overrides: ClassVar[dict[Any, Any]] = {
        models.URLField: {"assume_scheme": "https", "widget": AdminURLFieldWidget}
    }
    # What saving may raise where a form could not know better; told in the form, with what was typed.
    refusals: tuple[type[Exception], ...] = (IntegrityError,)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return named(super().formfield_for_dbfield(db_field, request, **kwargs), only_parts=True)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only by the filters the list offers: any other column would answer "does it begin with …?"."""
        fields, own = {self.date_hierarchy, "pk", self.opts.pk.name}, set()
        for item in self.get_list_filter(request):
            if isinstance(item, type) and issubclass(item, admin.SimpleListFilter):
                own.add(item.parameter_name)
            else:
                fields.add(str(item[0] if isinstance(item, tuple | list) else item).split("__")[0])
        return lookup in own or (lookup.split("__")[0] in fields and super().lookup_allowed(lookup, value, request))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().changelist_view(
            request, {"title": capfirst(str(self.opts.verbose_name_plural)), **(extra_context or {})}
        )

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """The heading is the thing itself."""
        if context.get("original"):
            context |= {"title": str(context["original"]), "subtitle": None}
        return super().render_change_form(request, context, *args, **kwargs)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Counts what stands in the way of a deletion: a name could be that of a private draft."""
        deleted, counts, lacking, protected = super().get_deleted_objects(objs, request)
        if protected:
            collector = NestedObjects(using=router.db_for_write(self.model), origin=objs)
            collector.collect(objs)
            kinds = Counter(str(item._meta.verbose_name_plural) for item in collector.protected)
            protected = [f"{kind}: {number}" for kind, number in sorted(kinds.items())]
            lacking = set()
        return deleted, counts, lacking, protected

    def get_actions(self, request: HttpRequest) -> Any:
        """Deleting is done one by one, on the page that shows what goes with it."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """Answers a form with errors by 422; a clash only the database can see is one of them."""
        try:
            response = super().changeform_view(request, object_id, form_url, extra_context)
        except self.refusals as error:
            clash = "This clashes with something saved already: nothing was saved."
            # A ValidationError puts brackets around what it says; its message is the sentence alone.
            said = clash if isinstance(error, IntegrityError) else str(getattr(error, "message", error))
            request.refusal = said  # type: ignore[attr-defined]  # read by get_form when the page is made again
            response = super().changeform_view(request, object_id, form_url, extra_context)
        if isinstance(response, TemplateResponse) and (response.context_data or {}).get("errors"):
            response.status_code = 422
        return response

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        refusal = getattr(request, "refusal", "")
        if not refusal:
            return form

        def clean(self: forms.ModelForm) -> Any:
            cleaned = form.clean(self)
            self.add_error(None, refusal)
            return cleaned

        return type(form.__name__, (form,), {"clean": clean})

    def found(self, request: HttpRequest, object_id: str, may: Callable[[HttpRequest, Any], bool] | None = None) -> Any:
        """The object of a page of our own, for somebody who may change it, or what `may` says; else 404 or 403."""
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            raise Http404
        if not (may or self.has_change_permission)(request, obj):
            raise PermissionDenied
        return obj

    def url_of(self, obj: models.Model, page: str = "change") -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}", args=[obj.pk])

    def ask_first(
        self,
        request: HttpRequest,
        *,
        title: str,
        consequences: Sequence[str],
        button: str,
        about: Sequence[Any] = (),
        form: forms.BaseForm | None = None,
        obj: models.Model | None = None,
        template: str = "admin/deed.html",
        status: int = 200,
        **context: Any,
    ) -> TemplateResponse:
        """The page between wanting and doing: what will happen, to whom, and a button. No button, no deed.

        From a list `about` holds the chosen rows, which the button sends again; on an object's own page it is `obj`.
        """
        invalid = form is not None and form.is_bound and not form.is_valid()
        request.current_app = self.admin_site.name  # type: ignore[attr-defined]
        return TemplateResponse(
            request,
            template,
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": title,
                "consequences": consequences,
                "button": button,
                "about": about,
                "form": form,
                "original": obj,
                "back": self.url_of(obj)
                if obj
                else reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"),
                "action": request.POST.get("action", "") if obj is None else "",
                "checkbox": ACTION_CHECKBOX_NAME,
                "media": self.media + form.media if form else self.media,
                **context,
            },
            status=422 if invalid else status,
        )

    def not_now(
        self, request: HttpRequest, *, title: str, reasons: Sequence[str] = (), obj: models.Model
    ) -> TemplateResponse:
        """The same page where the deed cannot be done, and why; 409 to who pressed the button all the same."""
        status = 409 if request.method == "POST" else 200
        return self.ask_first(request, title=title, consequences=reasons, button="", obj=obj, status=status)

    def too_many(self, request: HttpRequest, number: int) -> bool:
        if number > MOST_AT_ONCE:
            self.message_user(request, f"{number} were chosen; choose {MOST_AT_ONCE} at most.", messages.ERROR)
        return number > MOST_AT_ONCE


class Rows(admin.TabularInline):
    """Rows of another model on a page of the desk: every field of every row has a name of its own."""

    template = "admin/edit_inline/rows.html"
    extra = 0
    formfield_overrides = Desk.formfield_overrides

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return named(super().formfield_for_dbfield(db_field, request, **kwargs))


def named(field: forms.Field | None, only_parts: bool = False) -> forms.Field | None:
    """Names the inputs that have no label of their own: in rows all of them, else those of a date with a time.

    Takes off the buttons that would change or delete what a field merely points to.
    """
    if field is None:
        return field
    widget: Any = field.widget
    for button in ("can_change_related", "can_delete_related", "can_view_related"):
        if hasattr(widget, button):
            setattr(widget, button, False)
    widget = getattr(widget, "widget", widget)
    name = capfirst(str(field.label or ""))
    if isinstance(widget, forms.MultiWidget):
        for part, word in zip(widget.widgets, ("day", "time"), strict=False):
            part.attrs["aria-label"] = f"{name}, {word}"
    elif not only_parts:
        widget.attrs["aria-label"] = name
        if isinstance(widget, forms.Textarea):
            widget.attrs["rows"] = 2
    return field


def is_confirmed(request: HttpRequest) -> bool:
    """Whether the button of the page of consequences was pressed."""
    return request.method == "POST" and request.POST.get("confirmed") == "yes"


def sentences(template: str, context: dict[str, Any]) -> list[str]:
    """The lines of a text for staff, without empty ones, each in single spaces."""
    lines = (" ".join(line.split()) for line in render_to_string(template, context).splitlines())
    return [line for line in lines if line]


def say_first(form: forms.BaseForm, cleaned: dict[str, Any], lines: list[str], is_agreed: bool = True) -> bool:
    """Keeps a form from being saved before these lines stood in it; whether they did.

    They are kept in its field `told`, so that what changed meanwhile is said anew.
    """
    said = " ".join(lines)
    was_said = cleaned.get("told") == said
    if not was_said or not is_agreed:
        form.data = {**form.data.dict(), form.add_prefix("told"): said}  # type: ignore[attr-defined]  # a QueryDict
        form.add_error(None, lines)  # type: ignore[arg-type]  # one below the other
    return was_said


def sentence(label: str, help_text: str) -> forms.CharField:
    """A field for a sentence or two."""
    widget = forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"})
    return forms.CharField(label=label, max_length=250, widget=widget, help_text=help_text)


class Because(forms.Form):
    """A reason, in the words those concerned will read."""

    because = sentence("Reason", "Those concerned will read it.")


def read_only(page: type[Page]) -> type[Page]:
    """Marks a page, or an inline, as one to be read: no row is added, changed or taken out."""

    def refused(self: Any, request: HttpRequest, obj: Any = None) -> bool:
        return False

    for name in ("has_add_permission", "has_change_permission", "has_delete_permission"):
        setattr(page, name, refused)
    return page


Answer = HttpResponse | TemplateResponse
