"""What `manage.py front_sms` can do: one module each; `register` has them all."""
