"""Passwords as Gatehouse checks and makes them: bcrypt, in the way the users table writes it.

Read are $2a$ $2b$ $2x$ $2y$ at any cost, also inside Django's bcrypt$ and bcrypt_sha256$. The work
is done by the system's crypt (Python's crypt module, up to Python 3.12, over libxcrypt), otherwise
by the bcrypt package; with neither, signing in at Django says so, and people who signed in at
Gatehouse are unaffected.
"""
import hashlib
import re
import warnings

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.utils.crypto import constant_time_compare

from gatehouse_django import conf

_STORED = re.compile(r"(?P<wrapper>bcrypt\$|bcrypt_sha256\$|)"
                     r"(?P<hash>\$2(?P<variant>[abxy])\$(?P<cost>\d\d)\$[./A-Za-z0-9]{53})")

# bcrypt reads this many bytes. Existing hashes were made by cutting longer passwords there.
PASSWORD_MAX_BYTES = 72


def _crypt_module():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            import crypt
        except ImportError:
            return None
    return crypt if getattr(crypt, "METHOD_BLOWFISH", None) in crypt.methods else None


def _bcrypt_module():
    try:
        import bcrypt
    except ImportError:
        return None
    return bcrypt


_crypt, _bcrypt = _crypt_module(), _bcrypt_module()


def _run(prepared, setting):
    """The bcrypt hash of a text under a setting ($2b$12$ and 22 characters of salt), or None."""
    if _crypt is not None:
        # 72 characters are at least 72 bytes, and crypt refuses more than 511.
        return _crypt.crypt(prepared[:PASSWORD_MAX_BYTES], setting)
    if _bcrypt is None:
        raise ImproperlyConfigured("This Python has no crypt module that knows bcrypt. To let people sign in at "
                                   "Django, install the bcrypt package; sign-in at Gatehouse works without.")
    if setting.startswith("$2x$"):
        return None  # hashes of an old fault, which that package does not repeat
    made = _bcrypt.hashpw(prepared.encode()[:PASSWORD_MAX_BYTES], setting[:29].encode())
    return made.decode()


def _is_text(password):
    """bcrypt stops at NUL, and half a surrogate pair has no bytes: both are nobody's password."""
    try:
        return "\0" not in password and bool(password.encode())
    except UnicodeEncodeError:
        return False


def _prepare(password, wrapper):
    return hashlib.sha256(password.encode()).hexdigest() if wrapper == "bcrypt_sha256$" else password


def matches(password, stored):
    """Whether the password is the one; False for a text that is no bcrypt hash."""
    parts = _STORED.fullmatch(stored or "")
    if parts is None or not _is_text(password):
        return False
    made = _run(_prepare(password, parts["wrapper"]), parts["hash"])
    return made is not None and constant_time_compare(made[4:], parts["hash"][4:])


def waste_time(password, neighbours):
    """The work of a check, for people who do not exist: as much as the table's hashes take."""
    _, _, cost = _style(neighbours, conf.users("bcrypt_cost"))
    if _is_text(password):
        _run(password, "$2b$%02d$%s" % (cost, "." * 53))


def _style(neighbours, cost):
    """Wrapper and variant of the first readable of some stored hashes, and the highest cost."""
    found = [parts for parts in map(_STORED.fullmatch, neighbours) if parts]
    if not found:
        return "", "b", cost
    variant = found[0]["variant"].replace("x", "y")  # nobody writes new hashes of the old fault
    return found[0]["wrapper"], variant, max(int(parts["cost"]) for parts in found)


def make(password, neighbours):
    """A new hash that looks like those the table's other programs wrote; `neighbours` are a few of
    its newest. Longer passwords than bcrypt reads are refused, never cut."""
    if not _is_text(password) or len(password.encode()) > PASSWORD_MAX_BYTES:
        raise ValueError(f"a password has 1 to {PASSWORD_MAX_BYTES} bytes")
    wrapper, variant, _ = _style(neighbours, 0)
    prepared = _prepare(password, wrapper)
    setting = _salt(conf.users("bcrypt_cost"), variant)
    made = _run(prepared, setting)
    if made is None or not _STORED.fullmatch(made):
        raise RuntimeError("bcrypt could not make a hash")
    # The package writes $2b$ whatever it was asked for; both prefixes mean the same.
    return f"{wrapper}$2{variant}${made[4:]}"


class BcryptLengthValidator:
    """For AUTH_PASSWORD_VALIDATORS of a project that changes passwords: what make() refuses is said
    beside the field."""

    def validate(self, password, user=None):
        if not _is_text(password) or len(password.encode()) > PASSWORD_MAX_BYTES:
            raise ValidationError(self.get_help_text(), code="password_too_long")

    def get_help_text(self):
        return f"A password can have {PASSWORD_MAX_BYTES} letters, fewer with accents or other scripts."


def _salt(cost, variant):
    if _crypt is not None:
        salt = _crypt.mksalt(_crypt.METHOD_BLOWFISH, rounds=1 << cost)
    elif _bcrypt is not None:
        salt = _bcrypt.gensalt(cost).decode()
    else:
        salt = "$2b$"  # _run says what is missing
    return f"$2{variant}${salt[4:]}"
