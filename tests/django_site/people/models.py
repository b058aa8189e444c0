from django.db import models
from gatehouse_django.conf import users_table
from gatehouse_django.models import AbstractGatehouseUser


class Person(AbstractGatehouseUser):
    """The users table knows no roles; a table of the project's own does."""

    class Meta:
        managed = False
        db_table = users_table()
        verbose_name_plural = "people"

    @property
    def is_staff(self):
        return self.is_active and Colleague.objects.filter(pk=self.pk).exists()

    is_superuser = is_staff


class Colleague(models.Model):
    """Somebody who may use the admin site."""

    # No database can check a key that points into another.
    person = models.OneToOneField(Person, models.CASCADE, primary_key=True, db_constraint=False)
