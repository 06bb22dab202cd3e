"""Receivers for one test."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.dispatch import Signal


class Receivers:
    """Connects receivers, and keeps the arguments of each call of `record` in `calls`."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self._connected: list[tuple[Signal, Callable[..., Any]]] = []

    def connect(self, signal: Signal, receiver: Callable[..., Any] | None = None, **options: Any) -> Callable[..., Any]:
        """Connect `receiver`, `record` by default, until the end of the test."""
        receiver = receiver or self.record
        signal.connect(receiver, weak=False, **options)
        self._connected.append((signal, receiver))
        return receiver

    def record(self, signal: Signal, sender: Any, **arguments: Any) -> None:
        self.calls.append({"sender": sender, **arguments})

    def disconnect(self) -> None:
        for signal, receiver in self._connected:
            signal.disconnect(receiver)


@pytest.fixture
def receivers() -> Iterator[Receivers]:
    receivers = Receivers()
    yield receivers
    receivers.disconnect()
