"""How our own files are named in production."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class NamedByContent(CompressedManifestStaticFilesStorage):
    """The names in `import` lines of our modules carry the hash of the content, too: no page runs half-old scripts."""

    support_js_module_import_aggregation = True
