from django.apps import AppConfig


class GatehouseConfig(AppConfig):
    name = "gatehouse_django"
    verbose_name = "Gatehouse"
    default_auto_field = "django.db.models.BigAutoField"
