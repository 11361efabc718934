# The portal as one image: web, worker and beat are the same, with another command (docker-compose.yml).
FROM python:3.11-slim AS packages
COPY requirements.txt .
# What installs packages does not belong where they run.
RUN python -m venv /opt/portal \
 && /opt/portal/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt \
 && /opt/portal/bin/pip uninstall --yes --quiet setuptools pip

FROM python:3.11-slim
# WeasyPrint draws the PDFs with pango.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends \
    libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --user-group --no-create-home --home-dir /app portal
COPY --from=packages /opt/portal /opt/portal
ENV PATH=/opt/portal/bin:$PATH PYTHONUNBUFFERED=1 HOST=0.0.0.0 PORT=8000
WORKDIR /app
COPY . .
# Static files get their final names now. Production settings want values; these are nobody's, and stay in this line.
RUN SECRET_KEY=only-while-building-0123456789-abcdefghijklmnopqrstuvwxyz ALLOWED_HOSTS=build.example \
    PORTAL_URL=https://build.example EMAIL_URL=smtp+tls://build.example:587 \
    python manage.py collectstatic --no-input --verbosity 0 \
 && install -d -o portal -g portal -m 700 /files \
 && chown -R portal:portal var
USER portal
EXPOSE 8000
# Django answers only to the hosts it knows, so the check names the first of them.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(r.Request('http://127.0.0.1:' + os.environ['PORT'] + '/healthz', headers={'Host': os.environ['ALLOWED_HOSTS'].split(',')[0].lstrip('.')}), timeout=4)"]
CMD ["gunicorn", "-c", "python:lgr6.server", "lgr6.wsgi"]
