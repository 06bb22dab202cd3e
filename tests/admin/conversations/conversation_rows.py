"""Messages of a conversation."""

from tests.factories import InboundMessageFactory, MmsFileFactory, OutboundMessageFactory, at
from tests.inbox.pictures import png

KARI, OLA = "+4799999999", "+4799999998"

PSK = "26114123450000"


def outbound(number: str = KARI, seconds: float = 0, text: str = "ours", **fields):
    return OutboundMessageFactory(recipient=number, created_at=at(seconds), text=text, **{"sender": PSK, **fields})


def inbound(number: str = KARI, seconds: float = 0, text: str = "theirs", **fields):
    return InboundMessageFactory(
        sender=number, received_at=at(seconds), text=text, **{"sent_at": at(seconds), **fields}
    )


def mms_message(*texts: str):
    row = inbound(text="\n".join(texts))
    MmsFileFactory(
        message=row,
        name="smil.xml",
        content_type="text/xml;Name=smil.xml",
        content=b'<smil><par><img src="a.png"/><text src="t.txt"/></par></smil>',
        position=0,
    )
    MmsFileFactory(message=row, name="a.png", content_type="image/png", content=png(), position=1)
    MmsFileFactory(
        message=row, name="t.txt", content_type="text/plain;Charset=UTF-8", content="Blåbær".encode(), position=2
    )
    MmsFileFactory(message=row, name="b.pdf", content_type="application/pdf", content=b"%PDF", position=3)
    MmsFileFactory(message=row, name="fake.jpg", content_type="image/jpeg", content=b"<script>", position=4)
    return row
