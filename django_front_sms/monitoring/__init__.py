"""Monitoring: what needs attention (`alerts`), and what was sent, what became of it, and how fast (`statistics`)."""
