"""The dashboard: alerts and statistics."""
