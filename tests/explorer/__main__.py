"""`python -m tests.explorer --depth 9`: walks through all histories of the small worlds, and says what it saw."""

import argparse
import os
import sys

import django


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.explorer", description=__doc__)
    parser.add_argument("--depth", type=int, default=20, help="steps of a history, at most (default: 20)")
    parser.add_argument("--states", type=int, default=150_000, help="begin no deeper level with that many (150,000)")
    parser.add_argument("--world", default="", help="only worlds with these words in their names")
    parser.add_argument("--without", metavar="RULE", help="show the shortest history that goes wrong without this rule")
    parser.add_argument("--stories", action="store_true", help="print the stories of docs/why/sending.md")
    given = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from tests.explorer import removed, report, story  # they need the settings

    if given.stories:
        print(story.page())
    elif given.without:
        removals = [removal for removal in removed.REMOVALS if given.without in removal.rule]
        if not removals:
            parser.error("no such rule. There are: " + "; ".join(removal.rule for removal in removed.REMOVALS))
        for removal in removals:
            print(f"Without the rule that {removal.rule}:\n{story.told(removal, story.without(removal))}\n")
    else:
        return report.walk(given.world, given.depth, given.states)
    return 0


if __name__ == "__main__":
    sys.exit(main())
