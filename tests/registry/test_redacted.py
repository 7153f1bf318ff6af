"""No secret of a URL is shown, wherever it stands."""

import subprocess
import sys
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zoo_registry import SpecError
from zoo_registry.redacted import is_clear, redacted, redacted_url, without_secrets

WORD = "hunter2"
PLACES = [
    "postgresql://me:{}@host:5432/db",
    "postgresql://:{}@host/db",
    "postgresql:///db?password={}",
    "postgresql://me@host/db?sslmode=require&sslpassword={}&connect_timeout=3",
    "postgresql://host/db?passfile={}",
    "mysql+pymysql://host/db?ssl_key_password={}",
    "mssql+pyodbc://?odbc_connect={}",
    "postgresql://host/db?{}",
    "postgresql://me@host:{}/db",
    "postgresql://me@host:{}",
    "postgresql://me:{}",
    "postgresql://me:first@{}@host/db",
    "postgresql://me:first/{}@host/db",
    "postgresql://me:first?{}@host/db",
    "postgresql://me:first#{}@host/db",
    "postgresql://me:first {}@host/db",
    "postgresql://host/db;password={}",
    "postgresql:/me:{}@host/db",
    "me:{}@host/db",
    "postgresql://me:x@[::1]:{}/db",
    "hf://me:{}@host/db",
    "hf://acme/codes@me:{}@host",
]


@pytest.mark.parametrize("place", PLACES)
def test_a_password_is_hidden_wherever_it_stands(place):
    url = place.format(WORD)
    assert WORD not in redacted_url(url)
    for text in (url, f"'{url}': expected this", f"two of them, {url}, {url}", f"{url}\nand more"):
        assert WORD not in redacted(text)
    assert WORD not in str(SpecError(url, f"not {url}", repr(url), url))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:a@host:5432/db?sslmode=require", "postgresql://me:***@host:5432/db?sslmode=require"),
        (
            "postgresql+psycopg://me@/db?host=/run/pg&password=a",
            "postgresql+psycopg://me@/db?host=/run/pg&password=***",
        ),
        ("postgresql://me:a@[::1]:5432/db", "postgresql://me:***@[::1]:5432/db"),
        ("postgresql://host/db?new_option=a", "postgresql://host/db?***"),
        ("sqlite:////home/me/a%20b%3F/study.db", "sqlite:////home/me/a%20b%3F/study.db"),
        ("postgresql://me:a@b@host/db", "postgresql://***"),
        ("me:a@host/db", "***"),
    ],
)
def test_other_parts_are_shown_unless_the_parts_are_unclear(url, shown):
    assert redacted_url(url) == shown
    assert redacted_url(shown) == shown
    assert is_clear(url) == ("://***" not in shown and shown != "***")


def test_text_without_secrets_stays_unchanged():
    for text in (
        "`zoo pull hf://acme/codes@v1.2`",
        "hf://a/b@refs/pr/1: expected x, found hf://c/d@main; y",
        "hf:/a/b@c",
    ):
        assert redacted(text) == text
    for text in ("data.source.path: expected C:/data, found /a:b/c; see https://example.org/a#b.", "a@b, x = 1:2", ""):
        assert redacted(text) == text


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=8, max_size=20), st.sampled_from([quote, quote_plus]))
def test_passwords_are_hidden_in_every_notation_of_a_driver(password, encoded):
    secret = encoded(password, safe="")
    for url in (f"postgresql://me:{secret}@host/db", f"postgresql://host/db?sslpassword={secret}"):
        assert secret not in redacted_url(url)
        said = without_secrets(f"refused <{password}> ({secret}) {password!r} of {url}", url)
        assert password not in said
        assert secret not in said


def test_time_is_linear_in_the_length_of_the_text():
    parts = ("a", "ab:/ ", "a:@", "ab://x", "ab://@ ")
    code = f"from zoo_registry import SpecError; [str(SpecError(part * 10**6, '', '', '')) for part in {parts}]"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
