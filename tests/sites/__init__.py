"""Sites that differ from the usual one: another admin site, another user model, other apps beside this one."""
