"""The example project's clinic writes to tomorrow's patients."""

from tests.sites.process import passes


def test_the_clinic_writes_to_tomorrows_patients():
    passes("clinic.py", "clinic_settings")
