"""Threads that deliver pushes when they are due."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .network import Network


class Couriers:
    """A few threads that carry what is due, until `stop`. One waits on a slow site, the others go on."""

    def __init__(self, network: Network, threads: int = 4) -> None:
        self._network = network
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, name=f"front-courier-{n}", daemon=True) for n in range(threads)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ends the threads; one that waits for a slow site is left behind to end by itself."""
        self._stopped.set()
        self._network.wake()
        for thread in self._threads:
            thread.join(timeout=1)

    def _run(self) -> None:
        while not self._stopped.is_set():
            if not self._network.deliver_next():
                self._network.wait_for_work(0.5)
