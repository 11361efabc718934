"""Settings of the portal, read top to bottom. What differs between places comes from the environment.

Two modes. A *rehearsal* (REHEARSAL or DEBUG on) runs on one machine with sample people and keeps its
letters in a mail room. Everything else is *production*, and production refuses to start half configured.
"""

import re
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"
VAR_DIR.mkdir(exist_ok=True)

env = environ.Env()
env.read_env(BASE_DIR / ".env")

# --- Mode -----------------------------------------------------------------------------------------

DEBUG = env.bool("DEBUG", default=False)
REHEARSAL = env.bool("REHEARSAL", default=DEBUG)
SECRET_KEY = env.str("SECRET_KEY", default="")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"] if REHEARSAL else [])
PORTAL_URL = env.str("PORTAL_URL", default="http://localhost:8000" if REHEARSAL else "").rstrip("/")
EMAIL_URL = env.str("EMAIL_URL", default="mailroom:" if REHEARSAL else "")
# Who carries the mail and tells /letters/provider/ what became of it (correspondence/provider.py), and the
# "user:password" it shows there.
MAIL_PROVIDERS = ["brevo", "mailjet", "postmark", "sparkpost"]
MAIL_PROVIDER = env.str("MAIL_PROVIDER", default="")
ANYMAIL_WEBHOOK_SECRET = env.str("MAIL_WEBHOOK_SECRET", default="")

LOCAL_HOSTS = {"localhost", "127.0.0.1", "[::1]", "testserver"}


def refusals() -> list[str]:
    """Why these settings must not be started with, each a sentence that says what to set."""
    found = []
    if len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 10 or SECRET_KEY.startswith("change-me"):
        found.append("SECRET_KEY is missing, short or the example's: set 50 random characters or more.")
    public = [host for host in ALLOWED_HOSTS if host not in LOCAL_HOSTS and not host.endswith(".localhost")]
    if REHEARSAL:
        mode = "DEBUG" if DEBUG else "REHEARSAL"
        if public:
            found.append(
                f"{mode} is on while ALLOWED_HOSTS names {', '.join(public)}: its accounts have a printed password."
            )
        return found
    if DEBUG:
        found.append("DEBUG is on outside a rehearsal: set DEBUG=false.")
    if not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS:
        found.append("ALLOWED_HOSTS must name the portal's own hosts.")
    if not PORTAL_URL.startswith("https://"):
        found.append("PORTAL_URL must be the portal's https:// address: letters link to it.")
    if not re.match(r"(smtps?|smtp\+(tls|ssl))://[^/@]*@?[^/@]+", EMAIL_URL):
        found.append("EMAIL_URL sends mail to nowhere: set smtp+tls://user:password@host:587.")
    if MAIL_PROVIDER not in ("", *MAIL_PROVIDERS):
        found.append(f"MAIL_PROVIDER is none of {', '.join(MAIL_PROVIDERS)}: what came back would be heard by nobody.")
    if MAIL_PROVIDER and (":" not in ANYMAIL_WEBHOOK_SECRET or len(ANYMAIL_WEBHOOK_SECRET) < 24):
        found.append("MAIL_PROVIDER is set: MAIL_WEBHOOK_SECRET must be user:password with 24 characters or more.")
    return found


if found := refusals():
    raise ImproperlyConfigured(
        "The portal does not start with these settings:\n- "
        + "\n- ".join(found)
        + "\n`make run` writes a .env for a rehearsal; .env.example shows every setting."
    )

# --- Apps -----------------------------------------------------------------------------------------

# The order is the order of knowledge: what stands above knows nothing of what stands below (docs/architecture.md).
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.sitemaps",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "correspondence",
    "participants",
    "discussions",
    "workshops",
    "research",
    "mentoring",
    "findings",
    "lgr6.apps.PortalConfig",
    "lgr6.apps.StaffDeskConfig",
]

MIDDLEWARE = [
    "lgr6.middleware.shop_window",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "lgr6.middleware.refuse_poison",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "lgr6.middleware.refuse_too_much",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "lgr6.middleware.keep_private",
    "lgr6.middleware.staff_need_second_factor",
    "lgr6.middleware.RememberPages",
]

ROOT_URLCONF = "lgr6.urls"
WSGI_APPLICATION = "lgr6.wsgi.application"

# --- Templates ------------------------------------------------------------------------------------

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["lgr6.templatetags.portal"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "lgr6.context.portal",
            ],
        },
    },
    {
        # Letters are plain text: with autoescape "Women's" would go out as "Women&#x27;s".
        "NAME": "plaintext",
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {"autoescape": False, "builtins": ["lgr6.templatetags.portal"]},
    },
]
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

# --- Database, cache, queue -----------------------------------------------------------------------

DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'portal.sqlite3'}")}
DATABASE = DATABASES["default"]
if DATABASE["ENGINE"].endswith("sqlite3"):
    # IMMEDIATE: a transaction takes the write lock when it begins, so it waits instead of failing half-way.
    DATABASE["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
    # A file, not memory: the suite's races need a database that several processes can open.
    (BASE_DIR / ".cache").mkdir(exist_ok=True)
    DATABASE["TEST"] = {"NAME": BASE_DIR / ".cache" / f"test{env.str('TEST_DB_SUFFIX', default='')}.sqlite3"}
else:
    DATABASE["TEST"] = {"NAME": f"test_portal{env.str('TEST_DB_SUFFIX', default='')}"}
    # A server that vanished without a word is noticed by the network within half a minute.
    noticing = {"connect_timeout": 5, "keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3}
    DATABASE["OPTIONS"] = {**noticing, "tcp_user_timeout": 30_000, **DATABASE.get("OPTIONS", {})}
    DATABASE["CONN_HEALTH_CHECKS"] = True
# A connection is kept from one request to the next: opening SQLite's file costs more than most pages ask of it.
DATABASE["CONN_MAX_AGE"] = 60
# How long a request waits for one answer of PostgreSQL, in seconds (lgr6/patience.py); 0 waits for ever.
DATABASE_PATIENCE = env.float("DATABASE_PATIENCE", default=10)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# What an index carries beside its keys spares PostgreSQL a look at the row; SQLite leaves it out, and finds the same.
SILENCED_SYSTEM_CHECKS = ["models.W040"]

REDIS_URL = env.str("REDIS_URL", default="")
# The database is the truth; the cache holds rate limits only, so both kinds may vanish without loss.
CACHES = {
    "default": {
        "BACKEND": "lgr6.cache.ForgivingRedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
    }
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "portal_cache"}
}

CELERY_BROKER_URL = REDIS_URL or "memory://localhost"
CELERY_TASK_ALWAYS_EAGER = not REDIS_URL
CELERY_TASK_EAGER_PROPAGATES = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 2,
    "socket_connect_timeout": 2,
    "visibility_timeout": 600,
    "max_retries": 1,
}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
# The clock only says "look": what is due, and to whom, is worked out from the database at every tick.
CELERY_BEAT_SCHEDULE = {
    "clock": {"task": "correspondence.tasks.tick", "schedule": 60.0, "options": {"expires": 55}},
    "tidy-files": {"task": "research.tasks.forget_removed_files", "schedule": 3600.0, "options": {"expires": 3500}},
    # A process that died while it handed a letter over is found out within a minute (correspondence/ledger.py: LEASE).
    "sweep": {"task": "correspondence.tasks.sweep", "schedule": 15.0, "options": {"expires": 14}},
    "tidy": {"task": "workshops.tasks.forget_needs", "schedule": 3600.0, "options": {"expires": 3500}},
    # A worker that died while it packed is found out by its lease (research/packing.py: LEASE).
    "pack": {"task": "research.tasks.pack_archives", "schedule": 60.0, "options": {"expires": 55}},
    "tidy-archives": {"task": "research.tasks.forget_archives", "schedule": 3600.0, "options": {"expires": 3500}},
    "keep-consent": {"task": "findings.tasks.keep_consent", "schedule": 60.0, "options": {"expires": 55}},
    # The same for reports (findings/printing.py: LEASE); what was withdrawn leaves their PDFs within a minute.
    "print": {"task": "findings.tasks.print_reports", "schedule": 60.0, "options": {"expires": 55}},
    "seal": {"task": "research.tasks.seal_notes", "schedule": 300.0, "options": {"expires": 290}},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")

# --- People ---------------------------------------------------------------------------------------

AUTH_USER_MODEL = "participants.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "my_programme"
ACCOUNT_LOGOUT_REDIRECT_URL = "home"

ACCOUNT_ADAPTER = "participants.accounts.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
# Long enough for a slow mail server, short enough for a code that lies in a mailbox (ASVS 6.5.5).
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT = ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT = (
    600
)
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_SESSION_REMEMBER = True
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = REHEARSAL
MFA_TOTP_ISSUER = "Let's Get Real"
# Off: it would write to the database each time anybody looks at a page.
USERSESSIONS_TRACK_ACTIVITY = False
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXIES", default=0)
REQUIRE_STAFF_MFA = env.bool("REQUIRE_STAFF_MFA", default=not REHEARSAL)
SESSION_COOKIE_AGE = 60 * 60 * 24 * 14

# --- Mail -----------------------------------------------------------------------------------------

# "mailroom:" keeps every letter in the ledger and opens no connection: /mailroom/ shows it.
MAILROOM = REHEARSAL
if EMAIL_URL == "mailroom:":
    EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
else:
    email = env.email_url_config(EMAIL_URL)
    globals().update({name: value for name, value in email.items() if name.startswith("EMAIL_")})
EMAIL_TIMEOUT = 10
# Connections of one process to the mail server while some of its recipients keep it waiting; eight where none does.
MAIL_CONNECTIONS = env.int("MAIL_CONNECTIONS", default=20)
# Domains that may be written to, as a copy for trying things out has them; empty: all.
MAIL_ONLY_TO = [domain.lower() for domain in env.list("MAIL_ONLY_TO", default=[])]
# The header under which a provider wants the key that lets it take the same letter once.
MAIL_IDEMPOTENCY_HEADER = env.str("MAIL_IDEMPOTENCY_HEADER", default="")
# Whom to ask whether a letter in doubt arrived: a function of correspondence/evidence.py or like them.
MAIL_EVIDENCE = env.str("MAIL_EVIDENCE", default="")
MAIL_LOG = env.str("MAIL_LOG", default="/var/log/mail.log")
# A database that was restored or copied sends nothing until staff say so. A rehearsal writes to nobody.
HOLD_AFTER_RESTORE = not REHEARSAL
DEFAULT_FROM_EMAIL = env.str("FROM_EMAIL", default="Let's Get Real <letters@rehearsal.example>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# A dead-man alarm: /readyz turns red when a due letter is older than this.
LATE_LETTER_SECONDS = 300

# --- Time and language ----------------------------------------------------------------------------

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "Europe/London"
USE_TZ = True
USE_I18N = True
FORMAT_MODULE_PATH = "lgr6.formats"

# --- Files ----------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if REHEARSAL
        else "lgr6.static_files.NamedByContent"
    },
}
WHITENOISE_USE_FINDERS = REHEARSAL
# Pictures and documents of notes: outside whatever a web server shows, read through the portal alone.
FILES_DIR = Path(env.str("FILES_DIR", default=str(VAR_DIR / "files")))
# A callable that takes a file's bytes and returns what is wrong with them, by its dotted name; none: not scanned.
FILE_SCANNER = env.str("FILE_SCANNER", default="")
# The most bytes of one request: a form with several files. Refused before a byte of it is read.
REQUEST_LIMIT = 32 * 1024 * 1024
FILE_UPLOAD_HANDLERS = ["lgr6.uploads.InMemory"]
WHITENOISE_AUTOREFRESH = DEBUG

# --- Security -------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        # TOTP's QR code is a data: picture.
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        "manifest-src": ["'self'"],
    }
}
PERMISSIONS_POLICY: dict[str, list[str]] = {
    "camera": [],
    "display-capture": [],
    "geolocation": [],
    "microphone": [],
    "payment": [],
    "usb": [],
    "publickey-credentials-get": ["self"],
    "publickey-credentials-create": ["self"],
}
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SESSION_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "lgr6.views.csrf_failure"
if not REHEARSAL:
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
    SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"
    if ALLAUTH_TRUSTED_PROXY_COUNT:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# How long the process may answer a public page from memory, in seconds. Short: a withdrawal must show at once.
SHOP_WINDOW_SECONDS = env.int("SHOP_WINDOW_SECONDS", default=3)
# How many public pages a process remembers by all they say, for as long as it lives; 0 makes each anew.
PAGES_KEPT = env.int("PAGES_KEPT", default=0 if DEBUG else 256)

# --- Logging --------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO" if not REHEARSAL else "WARNING"},
    "loggers": {"fontTools": {"level": "ERROR"}, "weasyprint": {"level": "ERROR"}},
}
