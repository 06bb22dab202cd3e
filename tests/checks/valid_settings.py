"""Valid settings of an account and of webhooks."""

ACCOUNT = {"SERVICE_ID": 1234, "SENDER": "Mitt Firma"}

SECRETS = {"WEBHOOK_SECRETS": ["long enough to be a secret"]}
