from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from participants.guards import SignedIn, cohort_page, seated_page
from participants.models import Cohort, Membership, Seat, User

from .forms import WHOLE_COHORT, ReplyForm, TopicForm
from .models import Comment, Topic
from .starting import start_topic

TOPICS_A_PAGE = 25
COMMENTS_A_PAGE = 50


def rooms_of(user: User, cohort: Cohort) -> list[Membership]:
    """The organisations whose own topics the person reads: where they sit, or all for staff."""
    rooms = cohort.memberships.participating().select_related("organisation")
    if not user.is_staff:
        seats = Seat.objects.live().filter(user=user)
        rooms = cohort.memberships.filter(pk__in=seats.values("membership")).select_related("organisation")
    return list(rooms)


@seated_page
@require_safe
def topic_list(request: SignedIn, cohort: Cohort) -> HttpResponse:
    topics = Topic.objects.visible_to(request.user).filter(cohort=cohort).with_last_word().with_unread(request.user)
    rooms = rooms_of(request.user, cohort)
    where = request.GET.get("where", "")
    room = next((room for room in rooms if room.organisation.slug == where), None)
    if where == WHOLE_COHORT:
        topics = topics.filter(membership=None)
    elif room:
        topics = topics.filter(membership=room)
    page = Paginator(topics.select_related("cohort", "membership"), TOPICS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "here": "exchange",
        "cohort": cohort,
        "page": page,
        "rooms": rooms,
        "room": room,
        "where": where,
    }
    return render(request, "discussions/topic_list.html", context)


@seated_page
@require_http_methods(["GET", "HEAD", "POST"])
def topic_new(request: SignedIn, cohort: Cohort) -> HttpResponse:
    if cohort.collaboration_url:
        return redirect("discussions:topic_list", cohort.slug)
    form = TopicForm(request.POST or None, cohort=cohort, memberships=rooms_of(request.user, cohort))
    if request.method == "POST" and form.is_valid():
        title, body = form.cleaned_data["title"], form.cleaned_data["body"]
        topic = start_topic(cohort, form.membership, title, body, request.user, timezone.now())
        readers = f"the people of {form.membership}" if form.membership else f"everyone with a seat in {cohort}"
        messages.success(request, f"Your topic is open: {readers} and the staff can read it now.")
        return redirect(topic)
    context = {"here": "exchange", "cohort": cohort, "form": form}
    return render(request, "discussions/topic_new.html", context, status=422 if request.method == "POST" else 200)


@seated_page
@require_http_methods(["GET", "HEAD", "POST"])
def topic_detail(request: SignedIn, cohort: Cohort, pk: int) -> HttpResponse:
    topics = Topic.objects.visible_to(request.user).select_related("cohort", "membership", "discussion")
    topic = get_object_or_404(topics, cohort=cohort, pk=pk)
    pages = Paginator(topic.discussion.comments.select_related("author"), COMMENTS_A_PAGE)
    form = ReplyForm(request.POST or None)
    status = 200
    if request.method == "POST":
        if topic.takes_replies and form.is_valid():
            comment = topic.discussion.add(request.user, form.cleaned_data["body"], timezone.now())
            messages.success(request, "Your reply is in. You can take it back at any time.")
            return redirect(f"{topic.get_absolute_url()}?page=last#comment-{comment.pk}")
        status = 422 if topic.takes_replies else 409
    number = request.GET.get("page")
    page = pages.get_page(pages.num_pages if number == "last" else number)
    context = {"here": "exchange", "cohort": cohort, "topic": topic, "page": page, "form": form}
    response = render(request, "discussions/topic_detail.html", context, status=status)
    if request.method == "GET" and page.object_list:
        topic.discussion.mark_read(request.user, page.object_list[len(page.object_list) - 1].created_at)
    return response


@cohort_page
@require_POST
def comment_withdraw(request: SignedIn, cohort: Cohort, pk: int) -> HttpResponse:
    comment = own_comment(request.user, cohort, pk)
    if comment.withdrawn_at is None:
        comment.withdraw(request.user, timezone.now())
    messages.success(request, "Taken back: others see only that something stood there. You can put it back.")
    return redirect(way_back(request, cohort, comment))


@cohort_page
@require_POST
def comment_put_back(request: SignedIn, cohort: Cohort, pk: int) -> HttpResponse:
    comment = own_comment(request.user, cohort, pk)
    if comment.withdrawn_at and not comment.is_taken_back_by_author:
        raise PermissionDenied("Staff took this comment back.")
    comment.put_back()
    messages.success(request, "Put back: your words can be read again.")
    return redirect(way_back(request, cohort, comment))


def own_comment(user: User, cohort: Cohort, pk: int) -> Comment:
    """A comment of the person's own; in the exchange, only where they still read the topic. Else a 404."""
    topics = Topic.objects.visible_to(user).filter(cohort=cohort)
    mine = Comment.objects.filter(Q(discussion__topic=None) | Q(discussion__topic__in=topics), author=user)
    return get_object_or_404(mine, pk=pk)


def way_back(request: SignedIn, cohort: Cohort, comment: Comment) -> str:
    """The comment's place on the page one came from, if that is a page of ours."""
    path = request.POST.get("next", "").partition("#")[0]
    if not path.startswith("/") or not url_has_allowed_host_and_scheme(path, allowed_hosts=None):
        topic = Topic.objects.filter(discussion=comment.discussion_id).select_related("cohort").first()
        path = topic.get_absolute_url() if topic else cohort.get_absolute_url()
    return f"{path}#comment-{comment.pk}"
