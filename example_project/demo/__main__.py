"""`python -m example_project.demo [--once]`; `make demo` calls it."""

import argparse
import sys
import time

from example_project.demo.processes import Failed, end_on_signals
from example_project.demo.stage import Stage, only_the_simulator, ports, set_up

WELCOME = """
The clinic runs:

  front page   {web}
  admin        {web}admin/    login demo, password demo
  phones       {phones}    the simulator: read what was sent, and text back

The processes log to {logs}. Ctrl-C ends everything, and throws this demo's database away.
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m example_project.demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="send one message through all of it, and end")
    parser.add_argument("--simulator-only", action="store_true", help="run the simulator for a site that runs already")
    parser.add_argument("--port", type=int, default=8000, help="the web port (default: %(default)s)")
    parser.add_argument("--simulator-port", type=int, default=9900, help="the phones' port (default: %(default)s)")
    given = parser.parse_args()
    if given.simulator_only:
        only_the_simulator(given.port, given.simulator_port)
    end_on_signals()
    wanted = (0, 0) if given.once else (given.port, given.simulator_port)
    try:
        with set_up(*ports(*wanted)) as stage:
            once(stage) if given.once else until_interrupted(stage)
    except Failed as error:
        print(f"\nThe demo failed: {error}", *getattr(error, "__notes__", []), sep="\n", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def once(stage: Stage) -> None:
    from example_project.demo.story import play

    play(stage)
    print("\nEverything is there.")


def until_interrupted(stage: Stage) -> None:
    print(WELCOME.format(web=stage.web, phones=stage.phones, logs=stage.children.logs), flush=True)
    try:
        while True:
            stage.children.check()
            time.sleep(1)
    except KeyboardInterrupt:
        print("\nEnding everything; the worker takes a few seconds …", flush=True)


if __name__ == "__main__":
    sys.exit(main())
