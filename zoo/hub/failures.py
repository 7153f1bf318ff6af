"""Failures of a hub as errors in one line: what was expected, what happened, what to do next."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from json import JSONDecodeError

import httpx2
from huggingface_hub import errors
from zoo_registry import BundleError

from zoo.hub.address import MAIN, HubAddress

LOGIN = "log in with `hf auth login`"
_NO_RIGHT = (401, 403)
_BROKEN = 500
_UNLIKE_A_HUB = (AttributeError, LookupError, TypeError)
"""What the library raises for JSON without the fields of a hub."""


@contextmanager
def one_line(address: HubAddress) -> Iterator[None]:
    """Turn failures of the library into BundleErrors that name ``address``, and hide its own messages.

    The library shows progress where standard error is a terminal. A full disk stays an OSError.
    """
    try:
        with _quiet():
            yield
    except (httpx2.HTTPError, errors.XetDownloadError, OSError, RuntimeError, ValueError, *_UNLIKE_A_HUB) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # of this machine: no room, or no right to write
        raise refusal(address, error) from None


@contextmanager
def _quiet() -> Iterator[None]:
    """What the library logs would precede the one line; it also warns of a full disk, and then fails."""
    log = logging.getLogger("huggingface_hub")
    level = log.level
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="huggingface_hub|httpx2")
        log.setLevel(logging.ERROR)
        try:
            yield
        finally:
            log.setLevel(level)


def is_unreachable(error: BaseException) -> bool:
    """Whether there was no answer, or one that says that the hub does not work at present."""
    if isinstance(error, errors.LocalEntryNotFoundError) and error.__cause__ is not None:
        return is_unreachable(error.__cause__)
    if isinstance(error, errors.HfHubHTTPError):
        return error.response.status_code >= _BROKEN
    return isinstance(error, httpx2.TransportError | errors.OfflineModeIsEnabled)


def refusal(address: HubAddress, error: BaseException) -> BundleError:
    """What to tell the user of ``error``."""
    cause = error.__cause__
    if isinstance(error, errors.LocalEntryNotFoundError | RuntimeError) and cause is not None:  # say less than it
        return refusal(address, cause)
    return BundleError(str(address), *_parts(address, error))


def _parts(address: HubAddress, error: BaseException) -> tuple[str, str, str]:
    if isinstance(error, errors.OfflineModeIsEnabled):
        return "the model in the cache, as HF_HUB_OFFLINE is set", "none", "unset HF_HUB_OFFLINE, or pull it before"
    if isinstance(error, errors.LocalTokenNotFoundError):
        return "a login on the hub", "none", LOGIN
    if isinstance(error, errors.GatedRepoError):
        return "the right to read it", "that its owner gives access on request", f"ask on its page, then {LOGIN}"
    if isinstance(error, errors.RevisionNotFoundError):
        revision = address.revision or MAIN
        return f"the revision {revision}", "none of that name", "look at the branches, tags and commits on its page"
    if isinstance(error, errors.RepositoryNotFoundError):
        return "a model on the hub", "none of that name that you may read", f"check the name; if it is private, {LOGIN}"
    if isinstance(error, errors.HfHubHTTPError):
        return _of_status(error)
    if isinstance(error, httpx2.ConnectError | httpx2.TimeoutException):
        return "an answer of the hub", _said(error), "check the network and HF_ENDPOINT, then run it again"
    if isinstance(error, (JSONDecodeError, *_UNLIKE_A_HUB)):
        return "an answer of a hub", "one of something else", "check HF_ENDPOINT"
    if isinstance(error, httpx2.TransportError | errors.XetDownloadError | OSError | RuntimeError):
        return "a complete transfer", _said(error), "run it again; nothing incomplete was kept"
    return "what the hub accepts", str(error), "correct it, then run it again"


def _of_status(error: errors.HfHubHTTPError) -> tuple[str, str, str]:
    status = error.response.status_code
    found = f"status {status}{f' ({error.server_message})' if error.server_message else ''}"
    if status in _NO_RIGHT:
        return "the right to do this", found, f"{LOGIN}, with a token that may do it"
    return "an answer of the hub", found, "run it again later" if status >= _BROKEN else "check the address"


def _said(error: BaseException) -> str:
    """The first line of its text, as the library writes several."""
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
