"""A finding's pictures: added, described for those who do not see them, taken off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from correspondence.desk import is_confirmed
from participants.staff import member_of_staff
from research.attaching import FILE_LIMIT, MEGABYTE, PICTURES

from .. import picturing
from ..models import FindingPicture
from ..models.headings import headings_of
from ..models.picture import SAID

if TYPE_CHECKING:
    from .finding import FindingAdmin


class PictureForm(forms.ModelForm):
    """What is said of a picture, and the mark of what its writer saw."""

    base = forms.CharField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = FindingPicture
        fields = SAID
        widgets = {"alt": forms.Textarea(attrs={"rows": 2}), "caption": forms.Textarea(attrs={"rows": 2})}

    def __init__(self, data: Any, files: Any = None, *, instance: FindingPicture) -> None:
        super().__init__(data, files, instance=instance)
        headings = headings_of(instance.finding.cohort)
        self.fields["after"].choices = [("", "Before the text"), *headings.items()]  # type: ignore[attr-defined]
        self.fields["base"].initial = instance.mark if instance.pk else ""

    def said(self) -> dict[str, object]:
        return {name: self.cleaned_data[name] for name in SAID}


class NewPictureForm(PictureForm):
    """A picture file, and what is said of it."""

    file = forms.FileField(
        label="Picture",
        widget=forms.FileInput(attrs={"accept": PICTURES}),
        help_text=f"JPEG, PNG, WebP or GIF, {FILE_LIMIT // MEGABYTE} MB at most. Only its pixels are kept: not where "
        "and when it was taken.",
    )
    field_order = ("file", *SAID)


class TakeOffForm(forms.Form):
    """Whether it also goes from what is published."""

    everywhere = forms.BooleanField(
        label="Also take it out of everything that is published",
        required=False,
        help_text="At once, in a release of its own and out of the releases before; the file is deleted. For a picture "
        "whose permission was taken back.",
    )


def pictures(desk: FindingAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    """Those there are, and a form for another."""
    finding = desk.found(request, object_id)
    sent = is_confirmed(request)
    new = FindingPicture(finding=finding)
    form = NewPictureForm(request.POST if sent else None, request.FILES if sent else None, instance=new)
    if sent and form.is_valid():
        try:
            added = picturing.add(
                finding, form.cleaned_data["file"], form.said(), member_of_staff(request), timezone.now()
            )
        except ValidationError as error:
            form.add_error("file", error)
        else:
            desk.log_change(request, finding, f"Added the picture “{added}”.")
            desk.message_user(request, "Added. A yes is to the finding with its pictures: ask for it again.")
            return redirect(desk.url_of(finding, "pictures"))
    return desk.ask_first(
        request,
        title="Pictures",
        consequences=[
            "A yes is to the finding with its pictures and what is said of them: ask for it anew after a change."
        ],
        button="" if finding.is_scheduled else "Add this picture",
        form=None if finding.is_scheduled else form,
        obj=finding,
        template="admin/findings/finding/pictures.html",
        status=409 if sent and finding.is_scheduled else 200,
        pictures=finding.pictures.present(),
        pictures_at=finding.asked_pictures_path(),
        headings=headings_of(finding.cohort),
    )


def describe(desk: FindingAdmin, request: HttpRequest, object_id: str, pk: int) -> HttpResponse:
    """What is said of a picture, to be changed."""
    finding = desk.found(request, object_id)
    picture = get_object_or_404(finding.pictures.present(), pk=pk)
    form = PictureForm(request.POST if is_confirmed(request) else None, instance=picture)
    stands = None
    if is_confirmed(request) and form.is_valid():
        try:
            before = picturing.describe(picture, form.said(), form.cleaned_data["base"])
        except ValidationError as error:
            form.add_error(None, error)
        except picturing.Overtaken:
            stands = FindingPicture.objects.get(pk=picture.pk)
            form.data = {**form.data.dict(), "base": stands.mark}  # type: ignore[attr-defined]  # a QueryDict
            form.add_error(
                None,
                "Somebody else changed this since you opened it: see above. Save again to put yours in its place.",
            )
        else:
            if before:
                desk.log_change(request, finding, f"Changed what is said of a picture: {'; '.join(before)}.")
            desk.message_user(request, "Saved. Ask the organisations again: they agree to what is said of it, too.")
            return redirect(desk.url_of(finding, "pictures"))
    return desk.ask_first(
        request,
        title="What is said of this picture",
        consequences=[],
        button="Save",
        form=form,
        obj=finding,
        template="admin/findings/finding/picture.html",
        picture=picture,
        stands=stands,
        pictures_at=finding.asked_pictures_path(),
    )


def take_off(desk: FindingAdmin, request: HttpRequest, object_id: str, pk: int) -> HttpResponse:
    """Takes a picture out of the working copy, or out of everything."""
    finding = desk.found(request, object_id)
    picture = get_object_or_404(finding.pictures, pk=pk)
    is_out = picturing.is_published(picture)
    form = TakeOffForm(request.POST if is_confirmed(request) else None) if is_out else None
    if is_confirmed(request) and (form is None or form.is_valid()):
        everywhere = bool(form and form.cleaned_data["everywhere"])
        try:
            picturing.take_off(picture, member_of_staff(request), timezone.now(), everywhere=everywhere)
        except ValidationError as error:
            return desk.not_now(request, title="It cannot be taken off now", reasons=error.messages, obj=finding)
        where = "everything that is published" if everywhere else "the working copy"
        desk.log_change(request, finding, f"Took the picture “{picture}” out of {where}.")
        desk.message_user(request, f"Taken out of {where}.")
        return redirect(desk.url_of(finding, "pictures"))
    return desk.ask_first(
        request,
        title=f"Take off “{picture}”?",
        consequences=[
            "It goes from the working copy. What is published keeps it until the next release, unless you tick below."
            if is_out
            else "It goes from the working copy. It was never published.",
        ],
        button="Take it off",
        form=form,
        obj=finding,
    )
