"""The reference is complete, and says what the code says.

The pages of checks, commands, metrics and the REST API are compared where these are tested.
"""

import ast
import configparser
import inspect
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest
from django.dispatch import Signal

import django_front_sms
from django_front_sms import conf, exceptions, models, sending, signals
from django_front_sms.gateway.codes import ErrorCode, StatusCode, blame, describe
from django_front_sms.gateway.gsm import Preview
from django_front_sms.states import TRANSITIONS, State, by_statuses
from tests import manual
from tests.docs.pages import DOCS, HERE, ROOT, cells

REFERENCE = DOCS / "reference"
PACKAGE = ROOT / "django_front_sms"

pytestmark = pytest.mark.skipif(not HERE, reason="the documentation is not here")


def page(name: str) -> str:
    return (REFERENCE / f"{name}.md").read_text()


def code_of(cell: str) -> list[str]:
    """The names in backticks."""
    return re.findall(r"`([^`]+)`", cell)


def words(name: str) -> set[str]:
    """All texts in backticks on a page, and their words."""
    marked = re.findall(r"`([^`\n]+)`", page(name))
    return {*marked, *(word for each in marked for word in re.findall(r"[\w-]+", each))}


# ---- Settings


def default(of: type, name: str) -> Any:
    field = next(f for f in fields(of) if f.name == name.lower())
    if field.default_factory is not MISSING:
        return field.default_factory()
    return None if field.default is MISSING else field.default


def test_every_setting_is_listed_with_its_default() -> None:
    rows = {code_of(row[0])[0]: row[1] for row in cells(REFERENCE / "settings.md") if len(row) == 3}
    known = {f.name.upper(): default(conf.FrontSMSSettings, f.name) for f in fields(conf.FrontSMSSettings)}
    known |= {f.name.upper(): default(conf.Account, f.name) for f in fields(conf.Account) if f.name != "name"}
    assert rows.keys() == known.keys()
    for key, value in known.items():
        written = ast.literal_eval(code_of(rows[key])[0]) if rows[key] else None
        assert written == (list(value) if isinstance(value, tuple) else value), key


# ---- Signals, states, codes


def arguments_of_signals() -> dict[str, list[str]]:
    """From the comments of signals.py, which are what the code itself says of them."""
    found = re.findall(r"^(\w+) = Signal\(\)  # (.*)$", (PACKAGE / "signals.py").read_text(), re.M)
    return {name: re.findall(r"(\w+):", comment) for name, comment in found}


def test_every_signal_is_listed_with_its_arguments() -> None:
    rows = {code_of(row[0])[0]: code_of(row[2]) for row in cells(REFERENCE / "signals.md")}
    assert rows == arguments_of_signals()
    assert rows.keys() == {name for name, value in vars(signals).items() if isinstance(value, Signal)}


def test_every_signal_is_listed_with_its_sender() -> None:
    from django_front_sms.events.delivery import SIGNALS

    rows = {code_of(row[0])[0]: code_of(row[1])[0] for row in cells(REFERENCE / "signals.md")}
    by_workers = {str(kind): telling.sender.__name__ for kind, telling in SIGNALS.items()}
    assert rows == {**by_workers, "personal_data_read": "model"}


def test_every_state_is_listed_with_its_moves() -> None:
    rows = cells(REFERENCE / "states.md")
    meanings = {code_of(row[0])[0]: row[2] for row in rows if len(row) == 3}
    moves = {code_of(row[0])[0]: set(code_of(row[1])) for row in rows if len(row) == 2 and code_of(row[1])}
    assert meanings.keys() == set(State.values)
    assert moves == {str(old): {str(new) for new in news} for old, news in TRANSITIONS.items() if news}
    assert {state for state, final in meanings.items() if final == "yes"} == {
        str(old) for old, news in TRANSITIONS.items() if not news
    }


def test_every_outcome_of_an_attempt_is_listed() -> None:
    last = page("states").partition("## Attempts")[2]
    assert re.findall(r"^\| `(\w+)`", last, re.M) == models.SendAttempt.Outcome.values


def test_every_error_code_is_listed_and_says_what_the_code_says() -> None:
    named = [row for row in cells(REFERENCE / "codes.md") if row[1].strip("`") in ErrorCode.__members__]
    rows = {int(row[0]): row[1:] for row in named}
    assert rows == {int(code): [f"`{code.name}`", str(blame(code)), describe(code)] for code in ErrorCode}
    assert sorted(rows) == list(range(22))


def test_every_delivery_status_is_listed() -> None:
    named = [row for row in cells(REFERENCE / "codes.md") if row[1].strip("`") in StatusCode.__members__]
    rows = {int(row[0]): (row[1].strip("`"), row[2].strip("`")) for row in named}
    assert rows == {int(code): (code.name, str(by_statuses(State.SENT, {code}))) for code in StatusCode}


RAISED = ("InvalidMessage", "RefusedDraft", "NumberError", "super().__init__", "ValidationError.__init__")


def codes_of_invalid_messages() -> Iterator[str]:
    """Every literal that the code gives to an `InvalidMessage`, and to the `NumberError` that becomes one."""
    for path in PACKAGE.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text())):
            if not isinstance(call, ast.Call):
                continue
            name = ast.unparse(call.func)
            if name in (
                "InvalidMessage",
                "RefusedDraft",
                "NumberError",
                "super().__init__",
                "ValidationError.__init__",
            ):
                given = [*call.args[1:], *(keyword.value for keyword in call.keywords if keyword.arg == "code")]
                literals = [arg.value for arg in given if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
                yield from (code for code in literals if re.fullmatch(r"[a-z_]+", code))


def test_every_code_of_an_invalid_message_is_listed() -> None:
    section = page("codes").partition("## What is refused before it is sent")[2]
    listed = set(re.findall(r"^\| `(\w+)` \|", section, re.M))
    assert listed == set(codes_of_invalid_messages())


# ---- The simulator


def test_every_option_of_the_simulator_is_listed() -> None:
    from django_front_sms.simulator.__main__ import build_parser

    everything = page("simulator")
    for action in build_parser()._actions:
        options = [option for option in action.option_strings if option.startswith("--") and option != "--help"]
        assert not options or any(option in everything for option in options), options


# ---- Python


@pytest.mark.parametrize("name", django_front_sms.__all__)
def test_every_public_function_is_described_with_its_arguments(name: str) -> None:
    listed = words("python")
    parameters = inspect.signature(getattr(django_front_sms, name)).parameters.values()
    keyword_only = {p.name for p in parameters if p.kind is not inspect.Parameter.VAR_KEYWORD}
    assert {name, *keyword_only} <= listed


def test_the_defaults_of_send_sms_are_as_listed() -> None:
    rows = {code_of(row[0])[0]: row[1] for row in cells(REFERENCE / "python.md") if len(row) == 3}
    for parameter in inspect.signature(sending.send_sms).parameters.values():
        required = parameter.default is inspect.Parameter.empty
        written = code_of(rows[parameter.name])
        assert written == [] if required else ast.literal_eval(written[0]) == parameter.default, parameter.name


def test_every_field_of_a_preview_is_described() -> None:
    assert {f.name for f in fields(Preview)} <= words("python")


INTERNAL = re.compile(r".*digest|token|twin_key|lease_until|process_at|identity|announced|id")
DESCRIBED = ("OutboundMessage", "SendAttempt", "DeliveryStatus", "BulkSend", "InboundMessage", "MmsFile", "OptOut")


@pytest.mark.parametrize("name", DESCRIBED)
def test_every_field_of_a_model_is_described(name: str) -> None:
    section = re.search(rf"^### {name}\n(.*?)(?=^##)", page("python"), re.M | re.S)
    assert section
    listed = {word for row in re.findall(r"^\| ([^|]+) \|", section[1], re.M) for word in code_of(row)}
    concrete = {field.name for field in getattr(models, name)._meta.concrete_fields}
    assert listed == {field for field in concrete if not INTERNAL.fullmatch(field)}


def test_every_task_is_described() -> None:
    source = ast.parse((PACKAGE / "tasks.py").read_text())
    tasks = {node.name for node in source.body if isinstance(node, ast.FunctionDef) and node.decorator_list}
    tasks -= {name for name in tasks if name.startswith("_")}
    listed = set(re.findall(r"^\| `(\w+)` \|", page("python").partition("## Tasks")[2].partition("##")[0], re.M))
    assert listed == tasks


def test_every_exception_is_described() -> None:
    section = page("python").partition("## Exceptions")[2]
    known = {
        name for name, value in vars(exceptions).items() if inspect.isclass(value) and "FrontSMS" in str(value.__mro__)
    }
    assert set(re.findall(r"^\| `(\w+)`", section, re.M)) | {"FrontSMSError"} == known


def test_every_permission_is_described() -> None:
    from django.apps import apps

    rows = apps.get_app_config("front_sms").get_models()
    known = {f"front_sms.{codename}" for model in rows for codename, _name in model._meta.permissions}
    assert known <= set(re.findall(r"`(front_sms\.\w+)`", page("permissions")))


# ---- Versions


def numbers(text: str) -> set[str]:
    return set(re.findall(r"\d+\.[\d.]*\d", text))


def test_the_versions_are_those_of_the_readme_of_the_page_of_support_and_of_the_package() -> None:
    rows = {row[0]: numbers(row[1]) for row in cells(REFERENCE / "versions.md")}
    supported = {row[0]: numbers(row[1]) for row in cells(DOCS / "why" / "support.md")}
    config = configparser.ConfigParser(interpolation=None)
    config.read(ROOT / "setup.cfg")
    for name in ("Python", "Django"):
        classified = re.findall(rf"{name} :: (\d+\.\d+)$", config["metadata"]["classifiers"], re.M)
        assert rows[name] == supported[name] == set(classified), name
    bounds = re.search(r"^celery\[redis\]>=(.*)$", config["options"]["install_requires"], re.M)
    assert bounds and rows["Celery"] == supported["Celery"] == {bounds[1]}
    assert rows["Front's manual"] == supported["Front's manual"]


def test_the_versions_that_were_run_are_those_of_the_readme_and_of_tox() -> None:
    rows = {row[0]: (numbers(row[1]), numbers(row[2])) for row in cells(REFERENCE / "versions.md")}
    lowest = dict(re.findall(r"lowest: (\w+)==([\d.]+)", (ROOT / "tox.ini").read_text()))
    assert f"{lowest['Django']}.0" in rows["Django"][1] and lowest["celery"] in rows["Celery"][1]
    said = numbers((ROOT / "README.md").read_text().partition("\n## Versions\n")[2].partition("\n## ")[0])
    works = set.union(*(works for name, (works, _) in rows.items() if name != "Front's manual"))
    redis = {number for number in rows["Celery"][1] if not number.startswith("5.")}
    assert said == works | redis | rows["PostgreSQL"][1] | rows["MariaDB"][1] | rows["SQLite"][1]


# ---- The glossary


def words_of_front() -> set[str]:
    """Every parameter in the manual's own examples."""
    documents = [json.loads(each) for each in (manual.POST, manual.BULK_EMOJI, manual.SMS, manual.MMS)]
    names = {name for document in documents for name in (*document, *(document.get("files") or [{}])[0])}
    query = "&".join([manual.STATUS, manual.GET, *manual.GETS.values()])
    answers = {"errorcode", "description", "invalidPhoneno", "duplicatePhoneno", "ErrorCode", "ID"}
    return names | set(re.findall(r"(?:^|[&?])(\w+)=", query)) | answers


def test_every_word_of_front_has_ours_beside_it() -> None:
    front = {word for row in cells(DOCS / "glossary.md") if len(row) == 4 for word in code_of(row[1])}
    assert words_of_front() <= front


PARAGRAPHS = ("1.1", "1.2", "2.1", "2.1.1", "2.1.2", "2.2", "2.3", "2.4", "2.5", "2.5.1", "2.5.2", "3")


def test_a_reader_of_the_manual_finds_each_of_its_paragraphs_and_parameters_in_norwegian() -> None:
    text = (DOCS / "norsk.md").read_text()
    assert {*PARAGRAPHS} <= set(re.findall(r"§(\d(?:\.\d)*)", text))
    assert words_of_front() <= {word for marked in code_of(text) for word in re.findall(r"\w+", marked)}


# ---- Why


def test_every_dependency_has_its_reason() -> None:
    config = configparser.ConfigParser(interpolation=None)
    config.read(ROOT / "setup.cfg")
    wanted = [config["options"]["install_requires"], *config["options.extras_require"].values()]
    names = {name for lines in wanted for name in re.findall(r"^[A-Za-z][\w-]*", lines, re.M)}
    reasons = re.sub(r"[\s_-]+", "-", (DOCS / "why" / "dependencies.md").read_text()).lower()
    assert {name for name in names if name.lower().replace("_", "-") not in reasons} == set()


def test_the_house_has_the_floors_that_imports_are_held_to() -> None:
    """The ground floor is first on the page, and last in pyproject.toml."""
    drawn = (DOCS / "why" / "design.md").read_text().partition("```text\n")[2].partition("```")[0]
    floors = [set(re.findall(r"\w+", re.split(r" {5,}", line)[0])) for line in drawn.splitlines()]
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["id"] == "layers")
    assert floors == [set(re.findall(r"\w+", layer)) for layer in reversed(layers)]


# ---- Every page


def test_every_page_is_in_the_navigation() -> None:
    listed = set(re.findall(r": ([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.M))
    assert listed == {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")}


def test_the_links_of_the_pages_outside_lead_somewhere() -> None:
    """`mkdocs build --strict` sees to those in docs/."""
    for path in ROOT.glob("*.md"):
        for target in re.findall(r"\]\((?!https?://)([^)#\s]+)", path.read_text()):
            assert (ROOT / target).exists(), f"{path.name} links to {target}"


def test_no_page_tells_of_a_setting_that_is_not_there() -> None:
    known = {f.name.upper() for of in (conf.FrontSMSSettings, conf.Account) for f in fields(of)}
    for path in sorted(DOCS.rglob("*.md")):
        for name in re.findall(r'FRONT_SMS\["(\w+)"\]', path.read_text()):
            assert name in known, f"{path.relative_to(Path(ROOT))} names {name}"


def test_every_test_that_the_page_of_reliability_names_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", (DOCS / "why" / "reliability.md").read_text()))
    files = (ROOT / "tests").rglob("test_*.py")
    there = {name for file in files for name in re.findall(r"def (test_\w+)\(", file.read_text())}
    assert named and named <= there
