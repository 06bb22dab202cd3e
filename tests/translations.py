"""Collects what users read into the Norwegian catalogues, and compiles them. After a change of wording:

    python -m tests.translations          # then fill in what is new in django_front_sms/locale/*/LC_MESSAGES/django.po
    python -m tests.translations compile  # and compile them

Needs GNU gettext (apt-get install gettext).
"""

import contextlib
import os
import sys
from pathlib import Path

from django.core.management import call_command
from django.core.management.commands.compilemessages import Command as CompileMessages
from django.core.management.commands.makemessages import Command as MakeMessages

import django_front_sms

PACKAGE = Path(django_front_sms.__file__).resolve().parent
LANGUAGES = ("nb", "nn")  # bokmål and nynorsk; Django has no fallback from one to the other


class Collect(MakeMessages):
    # gateway/ knows nothing of Django; what its codes mean is translated where it is shown (timeline.explain).
    xgettext_options = [*MakeMessages.xgettext_options, "--keyword=_Meaning:2"]


def collect(package: Path = PACKAGE) -> None:
    """Bring the catalogues below `package` up to date with the sources there."""
    with contextlib.chdir(package):
        call_command(
            Collect(),
            locale=LANGUAGES,
            ignore_patterns=["simulator/*", "migrations/*"],
            add_location="file",
            no_obsolete=True,
            no_wrap=True,
            verbosity=0,
        )


def compile_catalogues(package: Path = PACKAGE) -> None:
    with contextlib.chdir(package):
        call_command(CompileMessages(), locale=LANGUAGES, verbosity=0)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    if sys.argv[1:] != ["compile"]:
        collect()
    compile_catalogues()
