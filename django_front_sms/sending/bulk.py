"""One text to many numbers (§2.4)."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext as _

from django_front_sms import optouts
from django_front_sms.conf import FrontSMSSettings, get_settings
from django_front_sms.db.routing import atomic
from django_front_sms.exceptions import InvalidMessage
from django_front_sms.gateway import gsm, numbers
from django_front_sms.models import BulkSend, OutboundMessage
from django_front_sms.redaction import redacted_errors
from django_front_sms.sending.metadata import check_metadata
from django_front_sms.sending.store import must_match, refused_content, store, with_keys
from django_front_sms.sending.validation import Recipient, check_recipient, draft_to, identify


@redacted_errors
def send_bulk_sms(
    to: Iterable[Recipient],
    text: str,
    *,
    sender: str | None = None,
    account: str = "default",
    unicode: bool | None = None,
    skip_invalid: bool = False,
    created_by: Any = None,
    metadata: Mapping[str, Any] | None = None,
    ignore_opt_out: bool = False,
    idempotency_key: str | None = None,
) -> BulkSend:
    """Queue one text to many numbers by Front's bulk API (§2.4), and return the row that groups them.

    Each distinct number gets one message. Front gives no ids for them, so they never get a delivery status. With
    `skip_invalid`, numbers that cannot be read, and those that opted out, are left out; otherwise they raise
    `InvalidMessage`, which lists them in `invalid`. `unicode=False` refuses a text with characters outside GSM: bulk
    does not replace them (§2.2, code 16). A repeated `idempotency_key` returns the row of the first call.
    """
    conf = get_settings()
    wanted, invalid = _distinct(to, conf)
    if invalid and not skip_invalid:
        raise InvalidMessage(
            _("%(count)d of the numbers cannot be sent to; see `invalid`. Correct them, or pass skip_invalid=True.")
            % {"count": len(invalid)},
            "invalid_recipient",
            invalid=invalid,
        )
    if not wanted:
        raise InvalidMessage(_("There is no number to send to."), "no_recipients", invalid=invalid)
    if unicode is False and not gsm.is_gsm(text):
        raise InvalidMessage(
            _("The text has characters outside GSM, and bulk does not replace them. Allow Unicode, or replace them."),
            "not_gsm",
        )
    options: dict[str, Any] = {"sender": sender, "account": account, "unicode": unicode, "created_by": created_by}
    metadata = check_metadata(metadata)  # once, and not for each number
    drafts = [draft_to(conf, number, text, ignore_opt_out=ignore_opt_out, **options) for number in wanted]
    for message in drafts:
        message.metadata = metadata
    first = drafts[0]
    bulk = BulkSend(
        account=account,
        sender=first.sender,
        text=text,
        unicode=first.unicode,
        created_by=first.created_by,
        metadata=metadata,
        idempotency_key=idempotency_key or None,
    )
    identify(bulk, sorted(wanted), first.sender, text, first.unicode)
    return _earlier(bulk) or _store_bulk(bulk, _without_opt_outs(drafts, wanted, invalid, skip_invalid))


def _earlier(bulk: BulkSend, *, latest: bool = False) -> BulkSend | None:
    """The row that has this bulk send's idempotency key already; `latest` as in `with_keys`."""
    if not bulk.idempotency_digest:
        return None
    digest = bulk.idempotency_digest
    earlier = with_keys(BulkSend.objects.all(), [digest], latest=latest).get(digest)
    if earlier is not None:
        must_match(bulk, earlier)
    return earlier


def _store_bulk(bulk: BulkSend, drafts: list[OutboundMessage]) -> BulkSend:
    bulk.recipients = len(drafts)
    try:
        with refused_content(), atomic():
            bulk.save(force_insert=True)
            for message in drafts:
                message.bulk = bulk
            store(drafts)
    except IntegrityError:  # another process stored its key since it was looked up
        earlier = _earlier(bulk, latest=True)
        if earlier is None:
            raise
        return earlier
    return bulk


def _distinct(to: Iterable[Recipient], conf: FrontSMSSettings) -> tuple[dict[str, str], list[str]]:
    """The distinct numbers in E.164, in the order given, with their spellings; and the invalid ones."""
    wanted: dict[str, str] = {}
    invalid: list[str] = []
    for number in to:
        try:
            wanted.setdefault(check_recipient(number, conf), numbers.as_text(number))
        except InvalidMessage:
            invalid.append(numbers.as_text(number))
    return wanted, invalid


def _without_opt_outs(
    drafts: list[OutboundMessage], written: Mapping[str, str], invalid: list[str], skip: bool
) -> list[OutboundMessage]:
    """The drafts whose recipients did not opt out; raises `InvalidMessage` for the others, unless `skip`."""
    refused = set(optouts.refused(drafts))
    opted_out = [written[message.recipient] for place, message in enumerate(drafts) if place in refused]
    if opted_out and not skip:
        raise InvalidMessage(
            _("%(count)d of the numbers opted out; see `invalid`. Leave them out, or pass skip_invalid=True.")
            % {"count": len(opted_out)},
            "opted_out",
            invalid=opted_out,
        )
    kept = [message for place, message in enumerate(drafts) if place not in refused]
    if not kept:
        raise InvalidMessage(_("There is no number to send to."), "no_recipients", invalid=[*invalid, *opted_out])
    return kept
