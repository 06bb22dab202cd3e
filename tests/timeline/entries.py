"""Entries of an outbound message's timeline."""

from django_front_sms.models import OutboundMessage
from django_front_sms.timeline import of_outbound


def titles(sms: OutboundMessage) -> list[str]:
    return [entry.title for entry in of_outbound(sms)]


def last(sms: OutboundMessage):
    return of_outbound(sms)[-1]
