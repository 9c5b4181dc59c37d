# SPDX-License-Identifier: BSD-2-Clause
"""The documents for those who change the code name what the tree has. Otherwise they mislead."""

import os
import re

import pytest

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
FOLDERS = ("authenticator", "bench", "client", "common", "daemon", "doc", "etc", "gateway",
           "packaging", "pam", "scripts", "tests")
DOCUMENTS = ("HACKING.md", "SECURITY.md", "README.md", "doc/getting-started.md",
             "doc/threat-model.md")


def read(name):
    with open(os.path.join(TOP, name), encoding="utf-8") as file:
        return file.read()


def sources():
    for folder in FOLDERS:
        for root, _, names in os.walk(os.path.join(TOP, folder)):
            for name in names:
                if name.endswith((".c", ".h")):
                    yield os.path.join(root, name)


def paths_in(text):
    """Paths from the top of the tree, also within a sentence; not those with a NAME to fill in."""
    found = re.findall(r"(?<![\w/.-])((?:%s)/[\w./{},-]*)" % "|".join(FOLDERS), text)
    return {path.rstrip("./,") for path in found if "NAME" not in path and "{" not in path}


def functions_in(text):
    return set(re.findall(r"`(\w+)\(\)`", text))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_files_that_a_document_names_exist(document):
    paths = paths_in(read(document))
    # A program of tests/unit/ is built where its source is, or elsewhere.
    assert [path for path in sorted(paths) if not os.path.exists(os.path.join(TOP, path)) and
            not os.path.exists(os.path.join(TOP, path + ".c"))] == []
    assert paths or document == "SECURITY.md"


def test_functions_that_hacking_names_exist():
    text = read("HACKING.md")
    named = functions_in(text)
    code = "".join(read(path) for path in sources())
    assert len(named) > 10
    assert [name for name in sorted(named) if not re.search(rf"\b{name}\(", code)] == []


def test_news_begins_with_this_version_or_the_next():
    """A release without its NEWS, or NEWS of a version that configure.ac does not know."""
    version = re.search(r"AC_INIT\(\[passkeyd\], \[([\d.]+)\]\)", read("configure.ac")).group(1)
    titles = re.findall(r"^(.+)\n=+$", read("NEWS"), re.MULTILINE)
    assert re.fullmatch(r"unreleased: \d+\.\d+\.\d+|%s( \(.*\))?" % re.escape(version), titles[0])
    assert [title for title in titles if title.startswith(version)]


def test_readme_says_how_to_upgrade_and_how_to_be_rid_of_it():
    text = read("README.md")
    sections = dict(re.findall(r"(?ms)^## ([^\n]+)\n(.*?)(?=^## |\Z)", text))
    for word in ("make install", "/var/lib/passkeyd"):
        assert word in sections["Upgrade it"]
    for word in ("pam-auth-update --remove passkey", "make uninstall", "/var/lib/passkeyd",
                 "/var/lib/passkey`", "/etc/passkey", "userdel passkeyd"):
        assert word in sections["Uninstall it"]
