"""Tells Django of the users table, so that migrations of other apps can point at it. Nothing is
made: the table exists."""
from django.db import migrations

from gatehouse_django.conf import users_table
from gatehouse_django.models import id_field


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="User",
            fields=[("id", id_field())],
            options={"db_table": users_table(), "managed": False, "verbose_name": "person",
                     "verbose_name_plural": "people"},
        ),
    ]
