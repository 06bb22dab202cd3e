from django.apps import AppConfig


class ClinicConfig(AppConfig):
    name = "example_project.clinic"

    def ready(self) -> None:
        from example_project.clinic import receivers  # noqa: F401  (connects them)
