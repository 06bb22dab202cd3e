"""Monitoring: what needs attention (`alerts`), mail about it (`mail`), and numbers for charts (`statistics`)."""
