"""The broker made of files never lets readers see an incomplete file."""

import builtins
import io
from importlib.metadata import version
from pathlib import Path
from queue import Empty

import pytest
from kombu import Connection
from kombu.transport import filesystem

from django_front_sms.testing import folder

TRIED = (
    "5.5",
    "5.7",
)  # of kombu: the lowest that Celery 5.5 allows, and the newest that the tests were run with


def test_this_version_of_kombu_is_one_that_the_methods_of_its_channel_were_tried_on():
    lowest, newest = (tuple(map(int, each.split("."))) for each in TRIED)
    installed = tuple(map(int, version("kombu").split(".")[:2]))
    assert lowest <= installed <= newest, "run these tests, then add the version to TRIED"


@pytest.fixture
def channel(tmp_path):
    options = {"data_folder_in": tmp_path, "data_folder_out": tmp_path, "control_folder": tmp_path / "control"}
    with Connection("filesystem://", transport=folder.Transport, transport_options=options) as connection:
        yield connection.channel()


@pytest.fixture
def reads_in_between(channel, monkeypatch):
    """Read the folder right after a file has been opened for writing."""
    looks = []

    def opening(real):
        def opened(file, mode="r", *args, **kwargs):
            stream = real(file, mode, *args, **kwargs)
            if "w" in mode:
                with pytest.raises(Empty):
                    channel._get("celery")
                looks.append(file)
            return stream

        return opened

    monkeypatch.setattr(builtins, "open", opening(builtins.open))
    monkeypatch.setattr(io, "open", opening(io.open))
    return looks


def test_a_message_that_is_still_being_written_is_not_read(channel, reads_in_between):
    channel._put("celery", {"task": "sweep"})
    assert len(reads_in_between) == 1
    assert channel._get("celery") == {"task": "sweep"}
    with pytest.raises(Empty):
        channel._get("celery")


def test_the_oldest_is_read_first_and_each_queue_by_itself(channel, monkeypatch):
    seconds = iter([1, 2, 3])
    monkeypatch.setattr(folder.time, "monotonic_ns", lambda: next(seconds) * 1_000_000_000)
    for queue, number in (("celery", 1), ("celery@host.celery.pidbox", 2), ("celery", 3)):
        channel._put(queue, number)
    assert [channel._get("celery"), channel._get("celery")] == [1, 3]
    assert channel._get("celery@host.celery.pidbox") == 2


@pytest.mark.parametrize("ask", ["get_table", "_queue_bind"])
def test_a_table_that_another_process_is_writing_is_waited_for(channel, monkeypatch, ask):
    table = Path(channel.control_folder, "celery.exchange")
    table.parent.mkdir()
    table.touch()
    monkeypatch.setattr(folder.time, "sleep", lambda seconds: table.write_text('[["celery", "", "celery"]]'))
    if ask == "get_table":
        assert channel.get_table("celery") == [filesystem.exchange_queue_t("celery", "", "celery")]
    else:
        channel._queue_bind("celery", "celery", "", "other")
        assert len(channel.get_table("celery")) == 2


def test_an_abandoned_table_file_is_an_error(channel, monkeypatch):
    table = Path(channel.control_folder, "celery.exchange")
    table.parent.mkdir()
    table.touch()
    monkeypatch.setattr(folder.time, "sleep", lambda seconds: None)
    with pytest.raises(ValueError, match="Expecting value"):
        channel.get_table("celery")
