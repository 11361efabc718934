"""The order of knowledge: an app knows those to its left and nothing of those to its right."""

import ast
import re
from pathlib import Path

import pytest
from django.apps import apps

ORDER = [
    "correspondence",
    "participants",
    "discussions",
    "workshops",
    "research",
    "mentoring",
    "findings",
    "lgr6",
]
ROOT = Path(__file__).resolve().parents[2]


def imported_apps(source: str) -> set[str]:
    """Our apps that a file imports, wherever in it the import stands."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.split(".")[0])
    return found & set(ORDER)


def to_the_right(app: str) -> set[str]:
    return set(ORDER[ORDER.index(app) + 1 :])


@pytest.mark.parametrize("app", ORDER)
def test_an_app_imports_nothing_from_its_right(app):
    files = sorted((ROOT / app).rglob("*.py"))
    broken = {
        str(path.relative_to(ROOT)): sorted(wrong)
        for path in files
        if (wrong := imported_apps(path.read_text("utf-8")) & to_the_right(app))
    }

    assert files
    assert broken == {}


@pytest.mark.parametrize("app", ORDER)
def test_a_model_points_at_nothing_to_its_right(app):
    broken = [
        f"{model.__name__}.{field.name} → {field.related_model._meta.label}"
        for model in apps.get_app_config(app).get_models(include_auto_created=True)
        for field in model._meta.get_fields()
        if not field.auto_created and field.is_relation and field.related_model
        if field.related_model._meta.app_label in to_the_right(app)
    ]

    assert broken == []


TEMPLATES = ROOT / "templates"
NAMED = re.compile(r"""\{%\s*(?:url|include|extends)\s+["'](\w+)[:/]""")


@pytest.mark.parametrize("app", ORDER)
def test_a_template_leads_to_nothing_to_its_right(app):
    """Components and the two frames belong to the site, as the map of it does: they may lead anywhere."""
    broken = {
        str(path.relative_to(ROOT)): sorted(wrong)
        for path in (TEMPLATES / app).rglob("*.*")
        if (wrong := set(NAMED.findall(path.read_text("utf-8"))) & to_the_right(app))
    }

    assert broken == {}


REVERSED = re.compile(r"""(?:reverse|redirect|resolve_url)\(\s*["'](\w+):""")


@pytest.mark.parametrize("app", ORDER)
def test_code_leads_to_no_page_to_its_right(app):
    broken = {
        str(path.relative_to(ROOT)): sorted(wrong)
        for path in (ROOT / app).rglob("*.py")
        if (wrong := set(REVERSED.findall(path.read_text("utf-8"))) & to_the_right(app))
    }

    assert broken == {}


def test_the_order_names_every_app_of_ours():
    ours = {path.parent.name for path in ROOT.glob("*/apps.py")}

    assert ours == set(ORDER)


def test_the_project_has_no_models():
    assert list(apps.get_app_config("lgr6").get_models()) == []


@pytest.mark.parametrize(
    "source",
    [
        "from findings.models import Finding",
        "import findings",
        "def later():\n    from findings import consent",
        "if True:\n    import findings.models as models",
    ],
)
def test_an_import_to_the_right_would_be_seen(source):
    assert imported_apps(source) & to_the_right("participants") == {"findings"}
