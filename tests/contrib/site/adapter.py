from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.models import User

from django_front_sms.contrib.allauth import SMSAdapterMixin


class Adapter(SMSAdapterMixin, DefaultAccountAdapter):
    """Keeps the phone number as the user's name."""

    webotp_domain = "www.example.no"

    def set_phone(self, user, phone, verified):
        user.username = phone
        user.save(update_fields=["username"])

    def get_phone(self, user):
        return (user.username, True)

    def set_phone_verified(self, user, phone):
        pass

    def get_user_by_phone(self, phone):
        return User.objects.filter(username=phone).first()
