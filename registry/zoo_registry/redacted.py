"""Remove secrets from URLs in a text: database passwords, in every place where a URL can hold one."""

import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from zoo_registry.address import HUB_ADDRESS

HIDDEN = "***"
_URL = re.compile(
    r"(?<![a-z0-9+.-])(?P<scheme>[a-z][a-z0-9+.-]{1,30}:/{1,2})"
    r"(?P<rest>(?:[^\n]*@)?\S*?)(?P<after>[\"'`,;:.)]*(?=\s|$))",
    re.I,
)
"""A URL in a text; it extends to the last @ of its line, because a password may contain spaces."""
_ADDRESS = re.compile(rf"(?<![^\s\"'`(]){HUB_ADDRESS.pattern}(?=[\"'`,;:.)]*(?:\s|$))", re.A)
"""The address of a model, in which @ precedes a revision and never a host."""
_LOGIN = re.compile(r"(?<![^\s\"'`])(?P<user>[^\s:/@]+:)[^\s/@]+(?=@\S)")
"""A URL without its scheme."""
_HARMLESS = re.compile(
    r"application_name|cache|charset|client_encoding|connect_timeout|database|dbname|host|keepalives\w*|mode|nolock|port"
    r"|ssl|sslmode|target_session_attrs|timeout|uri"
)
"""Query keys whose values may be shown; drivers have too many keys to list the secret ones."""
_SECRET = re.compile(r"pass|pwd|secret|token|key|cred|auth", re.I)
_SECRET_IN_PATH = re.compile(r"(pass|pwd|secret|token)\w*\s*=", re.I)
_LARGEST_PORT = 65_535


def redacted(text: str) -> str:
    """``text`` with every secret of the URLs in it hidden; addresses of models stay as they are."""
    shown, start = "", 0
    for address in _ADDRESS.finditer(text):
        shown += _without_urls(text[start : address.start()]) + address[0]
        start = address.end()
    return shown + _without_urls(text[start:])


def _without_urls(text: str) -> str:
    text = _URL.sub(lambda found: f"{found['scheme']}{_shown(found['rest'])}{found['after']}", text)
    return _LOGIN.sub(lambda found: f"{found['user']}{HIDDEN}", text)


def redacted_url(url: str) -> str:
    """A single ``url`` with its secrets hidden; only its scheme is shown if its parts are ambiguous."""
    scheme, mark, rest = url.partition("://")
    return f"{scheme}://{_shown(rest)}" if mark and scheme.replace("+", "").isalnum() else HIDDEN


def is_clear(url: str) -> bool:
    """Whether the parts of ``url``, and so its secrets, are unambiguous."""
    return redacted_url(url) not in (HIDDEN, f"{url.partition('://')[0]}://{HIDDEN}")


def without_secrets(text: str, url: str) -> str:
    """``text``, such as an error of the driver for ``url``, with the secrets of ``url`` hidden."""
    forms = {form for secret in _secrets(url) for form in _forms(secret) if form}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, HIDDEN)
    return redacted(text)


def _shown(rest: str) -> str:
    """The part of a URL after the scheme, without secrets."""
    authority, place = _split(rest)
    user, _, host = authority.rpartition("@")
    path, mark, query = place.partition("?")
    if authority.count("@") > 1 or "@" in place or not _is_host(host) or _SECRET_IN_PATH.search(path):
        return HIDDEN
    name, colon, _ = user.partition(":")
    shown = f"{name}{colon and f':{HIDDEN}'}@" if user else authority[: -len(host)] if host else authority
    return f"{shown}{host}{path}{mark}{'&'.join(map(_parameter, query.split('&'))) if mark else ''}"


def _split(rest: str) -> tuple[str, str]:
    """The authority, and the path and query after it."""
    end = re.search(r"[/?#]", rest)
    return (rest[: end.start()], rest[end.start() :]) if end else (rest, "")


def _is_host(host: str) -> bool:
    """Whether ``host`` has a numeric port or none; anything else in its place may be a password."""
    port = re.fullmatch(r"(?:\[[0-9a-f:.%]*\]|[^:\[\]]*)(?::(?P<port>[0-9]*))?", host, re.I | re.A)
    return port is not None and int(port["port"] or 0) <= _LARGEST_PORT


def _parameter(part: str) -> str:
    key, mark, _ = part.partition("=")
    if _HARMLESS.fullmatch(key):
        return part
    return f"{key}={HIDDEN}" if mark and re.fullmatch(r"\w+", key) and _SECRET.search(key) else HIDDEN if part else ""


def _secrets(url: str) -> Iterator[str]:
    """Every secret in ``url``, as written there."""
    authority, place = _split(url.partition("://")[2])
    yield authority.rpartition("@")[0].partition(":")[2]
    for part in place.partition("?")[2].split("&"):
        key, _, value = part.partition("=")
        if (shown := _parameter(part)) != part:
            yield from (value, key) if shown == HIDDEN else (value,)


def _forms(secret: str) -> Iterator[str]:
    """The spellings of a secret in text from other programs."""
    for plain in (unquote(secret), unquote_plus(secret)):
        yield from (secret, plain, quote(plain), quote(plain, safe=""), quote_plus(plain), repr(plain)[1:-1])
