"""The form in which texts are compared, and their hash."""

import unicodedata
from hashlib import sha256


def normal_text(text: str) -> str:
    """``text`` in Unicode's NFC, in which equivalent spellings are equal."""
    return unicodedata.normalize("NFC", text)


def text_hash(text: str) -> str:
    """SHA-256 of ``text`` in UTF-8 after NFC, as 64 hexadecimal digits."""
    return sha256(normal_text(text).encode()).hexdigest()
