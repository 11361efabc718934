"""How a letter gets to a mail server: offered first, its text handed over only when the server takes the recipient.

Between the two the ledger commits "sending". Whatever goes wrong before is safe to try again; silence after is not.
A carrier knows no database, so that it can talk to a server in a thread of its own.
"""

from __future__ import annotations

import hashlib
import re
import smtplib
import ssl
import time
from datetime import UTC
from email.generator import BytesGenerator
from email.policy import Compat32
from email.utils import format_datetime
from functools import lru_cache
from io import BytesIO
from typing import Any, Protocol

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.core.mail.backends.smtp import EmailBackend as DjangoSMTP
from django.core.mail.message import sanitize_address
from django.core.mail.utils import DNS_NAME
from django.utils.module_loading import import_string

from .calendars import method_of
from .letterhead import html_of
from .models import Letter

# Seconds for each step of the conversation, whatever the server does meanwhile: a byte a second is silence, too.
STEP = 10.0
# Headers longer than this are folded (RFC 5322, 2.1.1).
SHORT = 78
# Addresses that mean the same in every grammar of addresses; all others are parsed.
PLAIN = re.compile(r"[\w+-]+(?:\.[\w+-]+)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*", re.ASCII)


class Trouble(Exception):
    """A letter did not go; the text says why, for staff to read."""


class Unreachable(Trouble):
    """No conversation with the mail server: this says nothing about the letter."""


class NotTaken(Trouble):
    """The server has not taken the letter. `code` is what it said, 4xx or 5xx; 0 for no word at all."""

    def __init__(self, code: int, words: bytes | str) -> None:
        super().__init__(said(code, words))
        self.code = code

    @property
    def is_final(self) -> bool:
        return self.code >= 500


class NoSuchAddress(NotTaken):
    """The server knows no such recipient, or has closed the mailbox: no letter to that address will do better."""


class Gone(NotTaken):
    """The server did not take even the sender: on a connection that worked before, it may have ended it meanwhile."""


class Impossible(Trouble):
    """A letter that cannot be put on its way as it is written, to any server."""


class Doubtful(Trouble):
    """The text was under way when the conversation broke: the letter may have arrived."""


class Carrier(Protocol):
    """One connection, for many letters one after the other. `offer`, then `deliver` or `take_back`, each time."""

    def open(self) -> None:
        """Nothing where it is open already. Raises Unreachable."""

    def offer(self, letter: Letter) -> None:
        """Everything before the text. Raises Unreachable, NotTaken or Impossible: nothing left the house."""

    def deliver(self) -> str:
        """The text of the letter offered; what the server said on taking it. Raises NotTaken or Doubtful."""

    def take_back(self) -> None:
        """The letter offered does not go after all."""

    def close(self) -> None: ...


def is_remote() -> bool:
    """Whether letters go over a network, so that handing them over may take its time."""
    backend = settings.EMAIL_BACKEND
    return issubclass(import_string(backend), DjangoSMTP) or backend.startswith("anymail.")


def carrier() -> Carrier:
    """The way that EMAIL_URL names."""
    if issubclass(import_string(settings.EMAIL_BACKEND), DjangoSMTP):
        return SMTPCarrier()
    return BackendCarrier()


class LetterMessage(EmailMultiAlternatives):
    """The same bytes however often the same letter is written out: its boundaries come from its Message-ID."""

    def message(self, **how: Any) -> Any:
        written = super().message(**how)
        name = hashlib.sha256(written["Message-ID"].encode()).hexdigest()[:24]
        for number, part in enumerate(part for part in written.walk() if part.is_multipart()):
            part.set_boundary(f"=_{name}_{number}")
        return written


def message_of(letter: Letter) -> tuple[EmailMessage, Any]:
    """The message, and as it is written on the wire. Raises Impossible for what no header may hold."""
    headers = {
        "Message-ID": letter.message_id,
        "Date": format_datetime(letter.due_at.astimezone(UTC)),
        "Auto-Submitted": "auto-generated",
        **letter.headers,
    }
    if settings.MAIL_IDEMPOTENCY_HEADER:
        # A provider that knows it takes the same letter once, however often it comes.
        headers[settings.MAIL_IDEMPOTENCY_HEADER] = letter.message_id.strip("<>")
    message = LetterMessage(subject=letter.subject, body=letter.body, to=[letter.address], headers=headers)
    if html := html_of(letter.subject, letter.body):
        message.attach_alternative(html, "text/html")
    if letter.calendar:
        # The method must stand in the part too, or nothing moves or disappears. No charset here: Django adds it. The
        # same as a file is for programs that look at attachments only, under a type that none counts as a second one.
        message.attach_alternative(letter.calendar, f"text/calendar; method={method_of(letter.calendar)}")
        message.attach("invite.ics", letter.calendar.encode(), "application/ics")
    try:
        return message, message.message()
    except (ValueError, UnicodeError) as error:
        raise Impossible(f"It cannot be put into an envelope: {error}") from error


def is_no_such_address(code: int, words: bytes | str) -> bool:
    """By the enhanced code where there is one (RFC 3463: 5.1.x is about the address, 5.2.1 a closed mailbox); a server
    that gives none means the address by 550, 551 and 553 (RFC 5321)."""
    enhanced = re.match(r"\s*(5\.\d{1,3}\.\d{1,3})\b", as_text(words))
    if code < 500 or enhanced is None:
        return code in (550, 551, 553)
    return enhanced[1].startswith("5.1.") or enhanced[1] == "5.2.1"


class Replies:
    """What the server says, read line by line until a moment: a socket's own timeout begins anew at every byte."""

    def __init__(self, sock: Any) -> None:
        self.sock, self.buffer, self.until = sock, b"", 0.0

    def readline(self, limit: int) -> bytes:
        while b"\n" not in self.buffer and len(self.buffer) < limit:
            left = self.until - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"no answer in {STEP:.0f} seconds")
            self.sock.settimeout(left)
            got = self.sock.recv(8192)
            if not got:
                break
            self.buffer += got
        end = self.buffer.find(b"\n") + 1 or len(self.buffer)
        line, self.buffer = self.buffer[: min(end, limit)], self.buffer[min(end, limit) :]
        return line

    def close(self) -> None:
        self.buffer = b""


class Patient:
    """An SMTP client that waits STEP seconds for each answer and no longer."""

    file: Any
    sock: Any

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None:
            self.file = Replies(self.sock)
        self.file.until = time.monotonic() + STEP
        return super().getreply()  # type: ignore[misc]  # smtplib has it

    def send(self, s: Any) -> None:
        if self.sock:
            self.sock.settimeout(STEP)
        super().send(s)  # type: ignore[misc]  # smtplib has it


class PatientSMTP(Patient, smtplib.SMTP):
    pass


class PatientSMTPS(Patient, smtplib.SMTP_SSL):
    pass


class Lines(Compat32):
    """Headers that need neither encoding nor folding, nearly all, go as they are: to find that out is what costs."""

    def fold_binary(self, name: str, value: Any) -> bytes:
        line = f"{name}: {value}"
        if isinstance(value, str) and line.isascii() and len(line) <= SHORT and "\n" not in value:
            return f"{line}{self.linesep}".encode("ascii")
        return super().fold_binary(name, value)


def as_sent(written: Any) -> bytes:
    """The bytes of a message, with the ends of lines that SMTP wants."""
    sent = BytesIO()
    BytesGenerator(sent, mangle_from_=False, policy=Lines(linesep="\r\n")).flatten(written)
    return sent.getvalue()


@lru_cache(maxsize=100)
def path_of(address: str) -> str:
    """An address as the envelope has it, in angle brackets. Raises ValueError for one that no server could take."""
    plain = PLAIN.fullmatch(address)
    return f"<{plain[0]}>" if plain else smtplib.quoteaddr(sanitize_address(address, "utf-8"))


class SMTPCarrier:
    """Drives the conversation step by step; Django's own backend does MAIL to DATA in one."""

    def __init__(self) -> None:
        self.smtp: smtplib.SMTP | None = None
        self.text = b""
        self.carried = 0

    def offer(self, letter: Letter) -> None:
        message, written = message_of(letter)
        try:
            self.text = as_sent(written)
            sender, recipient = path_of(message.from_email), path_of(letter.address)
        except (ValueError, UnicodeError) as error:
            raise Impossible(f"It cannot be put into an envelope: {error}") from error
        if self.smtp is not None and self.carried:
            # A connection that has carried letters may have been closed by the server since: that is no fault.
            try:
                return self.envelope(sender, recipient)
            except Gone:
                self.close()
        self.open()
        self.envelope(sender, recipient)

    def open(self) -> None:
        """Greets, and encrypts and signs in where EMAIL_URL says so. Never in clear where it says TLS."""
        if self.smtp is not None:
            return
        self.carried = 0
        tls = ssl.create_default_context() if settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL else None
        address = (settings.EMAIL_HOST, settings.EMAIL_PORT)
        name = DNS_NAME.get_fqdn()
        try:
            if settings.EMAIL_USE_SSL:
                self.smtp = PatientSMTPS(*address, local_hostname=name, timeout=STEP, context=tls)
            else:
                self.smtp = PatientSMTP(*address, local_hostname=name, timeout=STEP)
            self.smtp.ehlo_or_helo_if_needed()
            if settings.EMAIL_USE_TLS:
                code, words = self.smtp.starttls(context=tls)
                if code != 220:
                    raise smtplib.SMTPResponseException(code, words)
                self.smtp.ehlo_or_helo_if_needed()
            if settings.EMAIL_HOST_USER:
                self.smtp.login(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise Unreachable(f"No connection: {explained(error)}") from error

    def envelope(self, sender: str, recipient: str) -> None:
        """MAIL and RCPT. Raises NotTaken; a connection that is no good any more is closed."""
        smtp = self.smtp
        assert smtp is not None  # noqa: S101  (open() came first)
        refusal: type[NotTaken] = Gone
        try:
            size = f" SIZE={len(self.text)}" if smtp.has_extn("size") else ""
            code, words = smtp.docmd("MAIL", f"FROM:{sender}{size}")
            if code != 421:
                refusal = NotTaken
            if code == 250:
                code, words = smtp.docmd("RCPT", f"TO:{recipient}")
                if is_no_such_address(code, words):
                    refusal = NoSuchAddress
        except ValueError as error:
            raise Impossible(str(error)) from error
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise refusal(0, f"The conversation broke off before the text: {explained(error)}") from error
        if code not in (250, 251):
            self.refused(code)
            raise refusal(code, words)

    def deliver(self) -> str:
        smtp = self.smtp
        assert smtp is not None  # noqa: S101  (offer() came first)
        self.carried += 1
        try:
            code, words = smtp.docmd("DATA")
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise NotTaken(0, f"The conversation broke off before the text: {explained(error)}") from error
        if code != 354:
            self.refused(code)
            raise NotTaken(code, words)
        try:
            smtp.send(dotted(self.text))
            code, words = smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise Doubtful(f"The conversation broke off after the text: {explained(error)}") from error
        if not 200 <= code < 300:
            self.refused(code)
            raise NotTaken(code, words)
        return said(code, words)

    def refused(self, code: int) -> None:
        """421 is the server's goodbye; after any other no the connection is made ready for the next letter."""
        if code == 421:
            self.close()
        else:
            self.take_back()

    def take_back(self) -> None:
        try:
            if self.smtp is not None:
                self.smtp.rset()
        except (OSError, smtplib.SMTPException):
            self.close()

    def close(self) -> None:
        smtp, self.smtp = self.smtp, None
        if smtp is None or smtp.sock is None:
            return
        try:
            # A farewell without waiting for the answer.
            smtp.putcmd("quit")
        except (OSError, smtplib.SMTPException):
            pass
        finally:
            smtp.close()


class BackendCarrier:
    """Any of Django's mail backends, and those of providers by django-anymail: one call does it all.

    So the letter is in doubt wherever the answer is not a plain yes or no, unless the connection cannot be opened.
    """

    def __init__(self) -> None:
        self.connection: Any = None
        self.message: EmailMessage | None = None

    def open(self) -> None:
        if self.connection is not None:
            return
        connection = get_connection()
        try:
            connection.open()
        except OSError as error:
            raise Unreachable(f"No connection: {explained(error)}") from error
        self.connection = connection

    def offer(self, letter: Letter) -> None:
        self.message, _ = message_of(letter)
        self.open()

    def deliver(self) -> str:
        try:
            self.connection.send_messages([self.message])
        except smtplib.SMTPRecipientsRefused as error:
            raise NotTaken(*next(iter(error.recipients.values()))) from error
        except smtplib.SMTPResponseException as error:
            raise NotTaken(error.smtp_code, error.smtp_error) from error
        except Exception as error:
            # A provider's answer to an HTTP request: 429 may pass, any other 4xx will not; 5xx and silence say nothing.
            status = getattr(error, "status_code", None) or 0
            if 400 <= status < 500:
                raise NotTaken(450 if status == 429 else 550, f"HTTP {status}: {error}") from error
            self.close()
            raise Doubtful(explained(error)) from error
        return ""

    def take_back(self) -> None:
        self.message = None

    def close(self) -> None:
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.close()


def dotted(text: bytes) -> bytes:
    """The text as DATA wants it: lines that begin with a dot have another, and a dot ends it (RFC 5321, 4.5.2)."""
    text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    text = (b"." if text.startswith(b".") else b"") + text.replace(b"\r\n.", b"\r\n..")
    return text + (b".\r\n" if text.endswith(b"\r\n") else b"\r\n.\r\n")


def said(code: int, words: bytes | str) -> str:
    return " ".join(f"{code or ''} {as_text(words)}".split())[:500]


def as_text(words: bytes | str) -> str:
    return words.decode("utf-8", "replace") if isinstance(words, bytes) else words


def explained(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return said(error.smtp_code, error.smtp_error)
    return f"{type(error).__name__}: {error}"[:400]
