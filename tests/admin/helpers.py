"""Requests to the pages of outbound messages, and their row actions."""

from django.urls import reverse

from django_front_sms.models import OutboundMessage

LIST = "/admin/front_sms/outboundmessage/"


def run_action(browser, row, name, **data):
    address = reverse(f"admin:front_sms_{row._meta.model_name}_action", args=[row.pk, name])
    return browser.post(address, {"confirmed": "yes", **data}, follow=True)


def run_list_action(browser, rows, name, **data):
    chosen = {"action": name, "_selected_action": [row.pk for row in rows], "confirmed": "yes"}
    return browser.post(LIST, {**chosen, **data}, follow=True)


def state_of(row: OutboundMessage) -> str:
    return OutboundMessage.objects.get(pk=row.pk).state


def found(browser, query: str, **filters) -> list[int]:
    answer = browser.get(LIST, {"q": query, **filters})
    assert answer.status_code == 200
    return [row.pk for row in answer.context["cl"].result_list]
