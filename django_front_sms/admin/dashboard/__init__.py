"""The dashboard: what needs attention, and how sending goes."""
