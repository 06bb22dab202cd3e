"""What docs/howto/login-packages.md has in an app `accounts`."""
