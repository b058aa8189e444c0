"""The people of an existing users table, as the project's user model.

    AUTH_USER_MODEL = "gatehouse_django.User"

The table belongs to somebody else: no migration makes or changes it, and nothing here writes to it
but the time of a sign-in, where there is a column for it and the account may. To add methods or
columns of your own, derive from AbstractGatehouseUser (Meta: managed = False, db_table).

What a session keeps as _auth_user_hash is made by AbstractBaseUser.get_session_auth_hash over the
stored hash, unchanged; Gatehouse makes the same.
"""
import logging

from asgiref.sync import sync_to_async
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import _user_has_module_perms, _user_has_perm
from django.db import DatabaseError, models, router, transaction

from gatehouse_django import conf, passwords
from gatehouse_django.fields import ActiveFlag, IdField, StoredPassword

log = logging.getLogger(__name__)

NEIGHBOURS = 5


class ReadOnlyTable(Exception):
    """Somebody tried to write to the users table, which GATEHOUSE_USERS does not allow."""

    def __init__(self):
        super().__init__('The users table is read only here; GATEHOUSE_USERS = {"writable": True} allows save().')


def _fold(text):
    """ASCII case aside. MySQL's collations also fold accents, so that "ádmin" would be "admin"."""
    return text.encode().lower()


class PeopleQuerySet(models.QuerySet):
    def _refuse(self, *args, **kwargs):
        raise ReadOnlyTable

    update = delete = create = bulk_create = bulk_update = get_or_create = update_or_create = _refuse


class PeopleManager(BaseUserManager.from_queryset(PeopleQuerySet)):
    def find(self, login):
        """The one person whose username or email is this text, or None: also when there are two."""
        login = login.strip(" \t\r\n")
        try:
            wanted = _fold(login)
        except UnicodeEncodeError:
            return None
        query = models.Q(email=login)
        if conf.users("username"):
            query |= models.Q(username=login)
        found = [user for user in self.filter(query)[:20]
                 if wanted and wanted in (_fold(user.username or ""), _fold(user.email or ""))]
        if len(found) > 1:
            log.warning("A login fits more than one person of the users table; it is refused.")
        return found[0] if len(found) == 1 else None

    def neighbour_hashes(self):
        """A few of the newest stored hashes, to write new ones the way the table's programs do."""
        return list(self.exclude(password="").order_by("-pk").values_list("password", flat=True)[:NEIGHBOURS])

    def get_by_natural_key(self, login):
        user = self.find(login)
        if user is None:
            raise self.model.DoesNotExist
        return user


def id_field():
    column, column_type = conf.users("id"), conf.id_type()
    if column_type == "text":
        return models.CharField(primary_key=True, max_length=64, db_column=column)
    return IdField(primary_key=True, db_column=column, column_type=column_type)


class AbstractGatehouseUser(AbstractBaseUser):
    id = id_field()
    email = models.CharField(max_length=254, db_column=conf.users("email"), unique=not conf.users("username"))
    password = StoredPassword(max_length=255, db_column=conf.users("password_hash"))

    if conf.users("username"):
        username = models.CharField(max_length=254, db_column=conf.users("username"), unique=True)
    else:
        @property
        def username(self):
            return self.email

    if conf.users("last_login"):
        last_login = models.DateTimeField(null=True, blank=True, db_column=conf.users("last_login"))
    else:
        last_login = None  # then Django does not note it either

    if conf.active_rule()[0]:
        is_active = ActiveFlag(db_column=conf.active_rule()[0], active_value=conf.active_rule()[1])
    else:
        is_active = True

    # Django's admin site asks for these. The table knows nothing of roles; a project that does
    # overrides them, or adds a backend that grants permissions. A superuser has all of them.
    is_staff = False
    is_superuser = False

    objects = PeopleManager()

    EMAIL_FIELD = "email"
    USERNAME_FIELD = "username" if conf.users("username") else "email"
    REQUIRED_FIELDS = ["email"] if conf.users("username") else []

    class Meta:
        abstract = True

    def check_password(self, raw_password):
        """Unlike Django's this never stores a stronger hash: Gatehouse does that, at sign-in there."""
        return passwords.matches(raw_password, self.password)

    async def acheck_password(self, raw_password):
        return await sync_to_async(self.check_password)(raw_password)

    def set_password(self, raw_password):
        """A hash in the way the table writes its hashes; save() needs GATEHOUSE_USERS["writable"]."""
        self.password = passwords.make(raw_password, type(self)._default_manager.neighbour_hashes())
        self._password = raw_password

    def has_perm(self, permission, obj=None):
        return self.is_active and (self.is_superuser or _user_has_perm(self, permission, obj))

    def has_perms(self, permissions, obj=None):
        return all(self.has_perm(permission, obj) for permission in permissions)

    def has_module_perms(self, app_label):
        return self.is_active and (self.is_superuser or _user_has_module_perms(self, app_label))

    def save(self, *args, update_fields=None, **kwargs):
        if update_fields is not None and set(update_fields) == {"last_login"}:
            self._note_sign_in(kwargs.get("using"))
        elif not conf.users("writable"):
            raise ReadOnlyTable
        else:
            super().save(*args, update_fields=update_fields, **kwargs)

    def _note_sign_in(self, using):
        """As Django's own login does; an account that may only read is no reason to refuse anybody."""
        using = using or router.db_for_write(type(self), instance=self)
        try:
            with transaction.atomic(using=using):
                super().save(using=using, update_fields=["last_login"])
        except DatabaseError as error:
            log.info("The time of a sign-in could not be noted: %s", error)

    def delete(self, *args, **kwargs):
        raise ReadOnlyTable


class User(AbstractGatehouseUser):
    class Meta:
        managed = False
        db_table = conf.users_table()
        verbose_name = "person"
        verbose_name_plural = "people"
