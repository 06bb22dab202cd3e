"""The subcommands of `manage.py front_sms`, one module each; `registry` lists them."""
