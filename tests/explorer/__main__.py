"""`python -m tests.explorer --depth 9`: explores all histories of the small worlds, and prints a table."""

import argparse
import os
import sys

import django


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.explorer", description=__doc__)
    parser.add_argument("--depth", type=int, default=20, help="maximum number of steps of a history (default: 20)")
    parser.add_argument("--states", type=int, default=150_000, help="begin no level after so many states (150,000)")
    parser.add_argument("--world", default="", help="only worlds whose names contain this text")
    parser.add_argument("--without", metavar="RULE", help="print a history that breaks the promise without it")
    parser.add_argument("--histories", action="store_true", help="print the histories of docs/why/sending.md")
    given = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from tests.explorer import history, removed, report  # needs the settings

    if given.histories:
        print(history.page())
    elif given.without:
        removals = [removal for removal in removed.REMOVALS if given.without in removal.rule]
        if not removals:
            parser.error("no such rule. The rules are: " + "; ".join(removal.rule for removal in removed.REMOVALS))
        for removal in removals:
            print(f"Without the rule that {removal.rule}:\n{history.as_text(removal, history.without(removal))}\n")
    else:
        return report.walk(given.world, given.depth, given.states)
    return 0


if __name__ == "__main__":
    sys.exit(main())
