"""Monitoring: alerts (`alerts`), mail about them (`mail`), and numbers for charts (`statistics`)."""
