"""Tells Django of the two tables; Gatehouse makes them."""
import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="ChatSession",
            fields=[("session_id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False))],
            options={"db_table": "chats_chatsession", "ordering": ["-last_activity"], "managed": False},
        ),
        migrations.CreateModel(
            name="ChatMessage",
            fields=[("id", models.BigAutoField(primary_key=True, serialize=False)),
                    ("session", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE,
                                                  related_name="messages", to="gatehouse_chats.chatsession"))],
            options={"db_table": "chats_chatmessage", "ordering": ["id"], "managed": False},
        ),
    ]
