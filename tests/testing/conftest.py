"""The fixtures as a site gets them: this folder is not the topmost one, so they are imported by name."""

from django_front_sms.testing.plugin import front_sms, front_sms_on_port

__all__ = ["front_sms", "front_sms_on_port"]
