"""Entries of an outbound message's timeline, and settings of its account."""

from django_front_sms.models import OutboundMessage
from django_front_sms.timeline import of_outbound


def titles(sms: OutboundMessage) -> list[str]:
    return [entry.title for entry in of_outbound(sms)]


def last(sms: OutboundMessage):
    return of_outbound(sms)[-1]


def account_with(settings, **changed):
    accounts = settings.FRONT_SMS["ACCOUNTS"]
    settings.FRONT_SMS = {**settings.FRONT_SMS, "ACCOUNTS": {"default": {**accounts["default"], **changed}}}
