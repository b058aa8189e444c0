from django.apps import AppConfig


class ChatsConfig(AppConfig):
    name = "gatehouse_django.chats"
    label = "gatehouse_chats"
    verbose_name = "Gatehouse chat"
    default_auto_field = "django.db.models.BigAutoField"
