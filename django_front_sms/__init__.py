"""The Django app for the Front SMS Gateway.

Names are loaded on first use (PEP 562), so importing this package, `django_front_sms.gateway` or
`django_front_sms.simulator` needs no Django set-up.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["asend_sms", "preview_sms", "render_text", "send_bulk_sms", "send_many_sms", "send_sms"]

if TYPE_CHECKING:
    from django_front_sms.sending import (
        asend_sms,
        preview_sms,
        send_bulk_sms,
        send_many_sms,
        send_sms,
    )
    from django_front_sms.texts import render_text


def __getattr__(name: str) -> Any:
    if name in __all__:
        from django_front_sms import sending, texts

        return getattr(texts if name == "render_text" else sending, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
