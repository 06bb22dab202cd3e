from django_front_sms.contrib.two_factor import Gateway


class SMSGateway(Gateway):
    webotp_domain = "www.example.no"
