"""The first ids: those of the manual, or higher ones for a site with a database."""

from django_front_sms.simulator import Account, Attachment, Network, Submission
from django_front_sms.simulator.__main__ import build

SMS = {"serviceid": 1234, "fromid": "26114", "phoneno": "004799999999", "txt": "Hei"}


def test_ids_begin_at_the_manuals() -> None:
    network = Network(Account(1234))
    assert network.submit(Submission(SMS)).id == 145099
    assert network.receive("+4799999999", "26114", "Hei").id == 999999


def test_the_first_ids_of_messages_and_files_can_be_set() -> None:
    network = Network(Account(1234), first_id=200_000)
    assert network.submit(Submission(SMS)).id == 200_000
    incoming = network.receive("+4799999999", "26114", "Hei", [Attachment("image/jpeg", "a.jpg", b"\xff\xd8\xff")])
    assert incoming.id == 200_000
    assert min(file.id for file in incoming.files) == 200_000


def test_the_first_ids_can_be_set_on_the_command_line() -> None:
    simulator = build(["--port", "0", "--first-id", "7"])
    assert simulator.network.submit(Submission(SMS)).id == 7
