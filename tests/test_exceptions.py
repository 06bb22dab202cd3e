"""Exceptions of this package in other processes."""

import copy
import pickle

import pytest

from django_front_sms.exceptions import FrontSMSError, InvalidMessage, NotPossible, NotRepliable, UnknownAccount


@pytest.mark.parametrize("again", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])
@pytest.mark.parametrize(
    "error",
    [
        InvalidMessage("Wrong", "not_gsm", index=3, invalid=["x"]),
        NotRepliable("To a text"),
        UnknownAccount("Which"),
        NotPossible("Not now"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_reaches_another_process_whole(again, error: FrontSMSError):
    copied = again(error)
    assert (type(copied), str(copied)) == (type(error), str(error))
    for name in ("code", "index", "invalid", "messages"):
        assert getattr(copied, name, None) == getattr(error, name, None)
