"""The authentication backend, whose name stands in every shared session (_auth_user_backend).

    AUTHENTICATION_BACKENDS = ["gatehouse_django.backends.GatehouseBackend"]

Gatehouse takes a session of Django only when it was made with this backend; `[django] backend` in
gatehouse.conf names another one, such as a subclass.
"""
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import BaseBackend
from django.core.exceptions import ValidationError

from gatehouse_django import passwords


class GatehouseBackend(BaseBackend):
    def authenticate(self, request, username=None, password=None, **credentials):
        """Username or email, and password. Failures are not counted here: throttle the view, or
        let people sign in at Gatehouse."""
        people = get_user_model()
        login = username or credentials.get("email") or credentials.get(people.USERNAME_FIELD)
        if not login or not password:
            return None
        user = people._default_manager.find(login)
        if user is None or not user.password:
            passwords.waste_time(password, people._default_manager.neighbour_hashes())
            return None
        if not user.check_password(password):
            return None
        return user if user.is_active else None

    def get_user(self, user_id):
        people = get_user_model()
        try:
            user = people._default_manager.get(pk=user_id)
        except (people.DoesNotExist, ValidationError, ValueError, TypeError):
            return None
        # MySQL takes "12abc" for 12, and "A" for "a".
        return user if user.is_active and str(user.pk) == str(user_id) else None
