"""System checks: one numbered id per mistake."""
