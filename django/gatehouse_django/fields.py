"""Columns as other programs made them."""
from django.db import models


class IdField(models.BigAutoField):
    """A whole number, in a column of whatever size: MySQL wants a foreign key to have exactly its type."""

    def __init__(self, *args, column_type="bigint", **kwargs):
        self.column_type = column_type
        super().__init__(*args, **kwargs)

    def deconstruct(self):
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "column_type": self.column_type}

    def rel_db_type(self, connection):
        return self.column_type if connection.vendor == "mysql" else super().rel_db_type(connection)


class StoredPassword(models.CharField):
    """The stored hash as text: binary columns give bytes, and a missing one counts as empty, as it
    does for Gatehouse. The hash in a session is made of this text."""

    def from_db_value(self, value, expression, connection):
        if value is None:
            return ""
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


class ActiveFlag(models.Field):
    """True when the column holds a certain number: 1 of is_active, or 0 of is_deleted. The column
    may be a bit(1), which MySQL hands out as a byte."""

    def __init__(self, *args, active_value=1, **kwargs):
        self.active_value = active_value
        super().__init__(*args, **kwargs)

    def deconstruct(self):
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "active_value": self.active_value}

    def get_internal_type(self):
        return "SmallIntegerField"

    def from_db_value(self, value, expression, connection):
        if isinstance(value, bytes):
            value = int.from_bytes(value, "big")
        return value is not None and int(value) == self.active_value

    def to_python(self, value):
        return bool(value)

    def get_prep_value(self, value):
        """Of people who may not sign in the number is known only where there are two."""
        if value is None or value:
            return value and self.active_value
        if self.active_value not in (0, 1):
            raise ValueError(f"which number of {self.column} means inactive is not known")
        return 1 - self.active_value
