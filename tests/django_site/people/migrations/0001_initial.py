import django.db.models.deletion
from django.db import migrations, models
from gatehouse_django.conf import users_table
from gatehouse_django.models import id_field


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Person",
            fields=[("id", id_field())],
            options={"db_table": users_table(), "managed": False, "verbose_name_plural": "people"},
        ),
        migrations.CreateModel(
            name="Colleague",
            fields=[("person", models.OneToOneField(
                db_constraint=False, on_delete=django.db.models.deletion.CASCADE, primary_key=True,
                serialize=False, to="people.person"))],
        ),
    ]
