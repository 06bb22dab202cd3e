"""Gateway clients for the setting `CLIENT`."""


class ClientWithoutBulk:
    """A client without `send_bulk`."""

    def send(self) -> None: ...


class CompleteClient(ClientWithoutBulk):
    """A client with both methods."""

    def send_bulk(self) -> None: ...
