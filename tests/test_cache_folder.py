"""The folder for what can be made again: where the user says, else where the system keeps caches."""

from pathlib import Path

import pytest

from zoo.io import cache

PLACES = {
    "linux": ({}, ".cache/shapezoo"),
    "linux with XDG": ({"XDG_CACHE_HOME": "/var/caches"}, "/var/caches/shapezoo"),
    "linux with a relative XDG": ({"XDG_CACHE_HOME": "caches"}, ".cache/shapezoo"),
    "darwin": ({"XDG_CACHE_HOME": "/var/caches"}, "Library/Caches/shapezoo"),
    "win32": ({"LOCALAPPDATA": "/users/local"}, "/users/local/shapezoo"),
    "win32 without": ({}, "AppData/Local/shapezoo"),
    "linux given": ({"ZOO_CACHE": "/scratch/zoo"}, "/scratch/zoo"),
    "darwin given at home": ({"ZOO_CACHE": "~/zoo"}, "zoo"),
    "linux given as nothing": ({"ZOO_CACHE": ""}, ".cache/shapezoo"),
}


@pytest.mark.parametrize("case", PLACES)
def test_the_cache_is_where_the_user_says_or_the_system_keeps_caches(case, tmp_path, monkeypatch):
    given, expected = PLACES[case]
    for name in ("ZOO_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"HOME": str(tmp_path), **given}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(cache.sys, "platform", case.split()[0])
    assert cache.cache_folder() == tmp_path / expected


def test_a_relative_place_is_in_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ZOO_CACHE", "here")
    assert cache.cache_folder() == Path(tmp_path, "here")
