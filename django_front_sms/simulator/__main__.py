"""`python -m django_front_sms.simulator`: run the simulator on a port until it is interrupted."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from collections.abc import Sequence

from django_front_sms.gateway.codes import StatusCode

from .accounts import Account
from .chaos import Chaos
from .network import Network
from .rules import Rules
from .server import Simulator


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m django_front_sms.simulator",
        description="Simulates Front's SMS gateway. Open the address it prints to see the phones.",
    )
    option = parser.add_argument
    option("--host", default="127.0.0.1",
           help="address to listen on; requests must name it or localhost (default: %(default)s)")  # fmt: skip
    option("--port", type=int, default=9900, help="port to listen on, 0 for a free one (default: %(default)s)")
    option("--service-id", type=int, default=1234, help="serviceid of the account (default: %(default)s)")
    option("--password", help="the account's password (default: none is needed)")
    option("--sender", action="append", default=[], dest="senders", metavar="TEXT_OR_NUMBER",
           help="a registered sender; may be repeated. PSK numbers under 26114 and short codes need none")  # fmt: skip
    option("--status-url", default="", help="URL for delivery statuses")
    option("--inbound-url", default="", help="URL for inbound messages")
    option(
        "--inbound-api",
        choices=["json", "get"],
        default="json",
        help="how inbound messages are pushed (default: %(default)s)",
    )
    option("--no-duplicate-filter", action="store_false", dest="duplicate_filter", help="accept the same message twice")
    option("--priced", action="store_true", help="allow priced messages")
    option("--balance", type=int, metavar="SEGMENTS", help="balance of the account (default: no limit)")
    option("--blacklist", action="append", default=[], metavar="NUMBER", help="a number refused with 21, as +47…")
    option("--dead", action="append", default=[], metavar="NUMBER", help="a number whose messages fail, as +47…")
    option("--status-delay", type=float, default=2.0, metavar="SECONDS",
           help="time of the last status; the first comes after a quarter of it (default: %(default)s)")  # fmt: skip
    option("--off", action="append", default=[], metavar="NUMBER", help="a phone that is switched off, as +47…")
    option("--allow-ip", action="append", metavar="ADDRESS", dest="allowed_ips",
           help="an address or network that may send; others get 2. May be repeated (default: all)")  # fmt: skip
    option("--https-required", action="store_true", help="refuse plain http with 18; see --certificate")
    option("--certificate", nargs=2, metavar=("CERT", "KEY"), help="PEM files; the port then speaks https")
    option("--doubled-mms", action="store_true", help="encode the pictures of an MMS twice, as in the manual's sample")
    option("--lifelike", action="store_true",
           help="realistic statuses: some late, some in the wrong order, some missing")  # fmt: skip
    option("--rule", action="append", default=[], metavar="NAME=VALUE", dest="rules",
           help="set a rule where the manual is silent; may be repeated. " + ", ".join(Rules.notes()))  # fmt: skip
    option("--latency", type=float, default=0.0, metavar="MS", help="wait before each answer")
    option("--chaos", type=float, default=0.0, metavar="P", help="share of requests that get a fault, from 0 to 1")
    option("--chaos-pushes", type=float, default=0.0, metavar="P",
           help="share of pushes that are repeated, late or lost, from 0 to 1")  # fmt: skip
    option("--first-id", type=int, metavar="N",
           help="first id of messages and files, for a site that has ids of an earlier run "
                "(default: the manual's; `front_sms simulate` asks the site)")  # fmt: skip
    option("--seed", type=int, help="seed of the random faults")
    return parser


def build(arguments: Sequence[str] | None = None) -> Simulator:
    """Return a running simulator for these command line arguments."""
    given = build_parser().parse_args(arguments)
    account = Account(
        given.service_id, given.password, given.senders, priced=given.priced, balance=given.balance,
        duplicate_filter=given.duplicate_filter, status_url=given.status_url, inbound_url=given.inbound_url,
        inbound_api=given.inbound_api, allowed_ips=given.allowed_ips,
    )  # fmt: skip
    plan = ((given.status_delay / 4, StatusCode.AT_OPERATOR), (given.status_delay, StatusCode.DELIVERED))
    network = Network(
        account, status_plan=plan, blacklist=given.blacklist, dead=given.dead, off=given.off,
        https_only=given.https_required, rules=_rules(given),
        chaos=Chaos(given.chaos, pushes=given.chaos_pushes, seed=given.seed, latency=given.latency / 1000),
        first_id=given.first_id,
    )  # fmt: skip
    tls = tuple(given.certificate) if given.certificate else None
    return Simulator(network, host=given.host, port=given.port, live=True, tls=tls)


def _rules(given: argparse.Namespace) -> Rules:
    rules = Rules.lifelike() if given.lifelike else Rules()
    rules.doubled_pictures = given.doubled_mms
    for pair in given.rules:
        name, _, value = pair.partition("=")
        rules.change(name.replace("-", "_"), value)
    return rules


def main(arguments: Sequence[str] | None = None) -> None:
    """Run until SIGINT or SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    try:
        simulator = build(arguments)
    except (ValueError, OSError) as error:  # an unknown rule, a port in use
        raise SystemExit(f"{build_parser().prog}: {error}") from None
    with simulator:
        sys.stdout.write(f"Phones: {simulator.origin}/\nGateway: {simulator.url}\n")
        sys.stdout.flush()
        stopped.wait()


if __name__ == "__main__":
    main()
