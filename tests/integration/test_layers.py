# SPDX-License-Identifier: BSD-2-Clause
"""Layers and the quarantine of heavy libraries, read from the include lines of the sources."""

import os
import re

import pytest

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
COMMON = ("common/base", "common/wire", "common/webauthn", "common/bus", "common/hybrid",
          "common/keys", "common/helper")
PROGRAMS = ("pam", "store", "daemon", "authenticator", "phone", "client", "gateway")
# Each heavy library: the header, and the only files that may include it.
QUARANTINE = {
    r"fido(/.*)?\.h": r"authenticator/.*",
    r"openssl/.*": r"common/webauthn/(crypto\w*|signature\w*|attest_\w+)\.[ch]|"
                   r"common/hybrid/crypto\.c|daemon/tokens/private_keys\.c|phone/tls\.c",
    # A phone's side, for tests.
    r"common/hybrid/phone\.h": r"common/hybrid/phone\.c",
    r"dbus/.*": r"common/bus/.*|daemon/bus/(bus|connection|message|socket)\.[ch]|"
               r"gateway/bus_(client\.c|message\.[ch])|phone/(bluez|radio)\.[ch]",
    r"cbor\.h|cbor/.*": r"authenticator/attestation_object\.c",
    r"sqlite3\.h": r"store/sqlite/(backup|sqlite|query|commit|integrity)\.c",
    r"utf8proc\.h": r"common/keys/pin_text\.c|daemon/config/passkey_name\.c",
    r"ldap\.h": r"store/ldap/.*",
    r"libpq.*\.h": r"store/postgresql/.*",
    r"microhttpd\.h": r"gateway/server_private\.h",
    # Whoever includes these has the library.
    r"phone/bluez\.h": r"phone/(bluez|radio)\.c",
    r"gateway/server_private\.h": r"gateway/server(_requests)?\.c",
    r"curl/.*": r"gateway/http_client\.c",
    r"gateway/bus_message\.h": r"gateway/bus_(client|message)\.c",
    r"ini_\w+\.h": r"common/base/config_file\.c",
    # The dialects and what they are given know no loop.
    r"event2/.*|event\.h": r"daemon/.*|common/keys/.*|common/(base/main|bus/event)_loop\.c|"
                          r"gateway/(bus_client|gateway|http_client|listener|main|party|server)\.c|"
                          r"client/(own_keys|askpass/key|ctl/plugged)\.c",
    r"security/.*": r"pam/.*",
    r"systemd/.*": r"daemon/bus/logind_files\.c",
    r"idn2\.h|libpsl\.h": r"daemon/config/domain\.c",
    r"qrencode\.h": r"common/keys/qr_code\.c",
    r"jose/.*": r"daemon/tokens/(signing|private_keys)\.c",
    r"sudo_plugin\.h": r"pam/passkey_approval\.c",
    # They bring libevent, which the module must not.
    r"common/base/main_loop\.h": r"common/base/main_loop\.c|(daemon|gateway)/main\.c",
    r"common/bus/event_loop\.h": r"(common/bus|daemon/bus|gateway)/.*",
    r"common/base/log\.h": r"common/base/log\.c|(%s)/.*" % "|".join(PROGRAMS),
}
# What each layer may include of this project besides its own folder.
LAYERS = {
    "common/base": (),
    "common/wire": ("common/base",),
    "common/webauthn": ("common/base",),
    "common/bus": ("common/base",),
    "common/hybrid": ("common/base", "common/wire", "common/webauthn"),
    "common/keys": ("common/base", "common/wire"),
    "common/helper": ("common/base", "common/wire"),
    **{program: COMMON for program in PROGRAMS},
    "daemon": (*COMMON, "store"),
}
# Inside the daemon a folder includes only from folders below it, and those of one line not from
# each other. The lowest come first.
DAEMON = (("jobs", "config"), ("accounts",), ("verify",), ("tokens", "bus"), ("dialogue",),
          ("auth",), ("methods", "api"))
DAEMON_H = "daemon/daemon.h"  # declares and includes nothing of the daemon; all may include it
# Its headers are for its own files: what it serves is reached through auth/'s table.
CLOSED = "daemon/methods"


def folders_below():
    """What each folder inside of a program may include of that program besides itself."""
    allowed = {"store": set(), "store/sqlite": {"store"}, "store/protocol": {"store"},
               "store/remote": {"store", "store/protocol"},
               "store/server": {"store", "store/protocol"},
               "store/postgresql": {"store", "store/server"},
               "store/ldap": {"store", "store/server", "store/sqlite"},
               "client": set(), "client/askpass": {"client"}, "client/ctl": {"client"},
               "client/ssh": {"client", "client/askpass"}}
    below = set()
    for level in DAEMON:
        folders = {"daemon/" + name for name in level}
        allowed.update({folder: set(below) for folder in folders})
        below |= folders
    return {**allowed, "daemon": below}


FOLDERS = folders_below()


def allowed_to(folder):
    """The same for that folder; a method's own is like methods/. None: it has no place."""
    return FOLDERS.get(re.sub(f"^{CLOSED}/[^/]+$", CLOSED, folder))


def sources():
    for folder in LAYERS:
        for root, _, names in os.walk(os.path.join(TOP, folder)):
            for name in sorted(names):
                if name.endswith((".c", ".h")):
                    yield os.path.relpath(os.path.join(root, name), TOP)


def includes(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
            if match:
                yield number, match.group(1), match.group(2)


def headers_out_of_quarantine(files):
    wrong = []
    for path in files:
        for number, _, header in includes(path):
            for library, allowed in QUARANTINE.items():
                if re.fullmatch(library, header) and not re.fullmatch(allowed, path):
                    wrong.append(f"{path}:{number}: {header}")
    return wrong


def includes_against_layers(files):
    wrong = []
    for path in files:
        layer = next(folder for folder in LAYERS if path.startswith(folder + "/"))
        for number, quote, header in includes(path):
            if quote == "<":
                continue
            included = next((folder for folder in LAYERS if header.startswith(folder + "/")), None)
            if included is None:
                included = os.path.dirname(header) or layer
            if included != layer and included not in LAYERS[layer]:
                wrong.append(f"{path}:{number}: {header}")
    return wrong


def includes_against_folders(files):
    wrong = []
    for path in files:
        program, folder = path.split("/", maxsplit=1)[0], os.path.dirname(path)
        if program not in FOLDERS:
            continue
        if allowed_to(folder) is None:
            wrong.append(f"{path}: {folder} has no place in the order of folders")
            continue
        for number, quote, header in includes(path):
            included = os.path.dirname(header) or folder
            if quote == "<" or not header.startswith(program + "/"):
                continue
            if path == DAEMON_H:
                good = False
            elif header == DAEMON_H or included == folder:
                good = True
            else:
                good = included in allowed_to(folder) and included != CLOSED
            if not good:
                wrong.append(f"{path}:{number}: {header}")
    return wrong


def test_quarantine():
    assert not headers_out_of_quarantine(sources())


def test_layers():
    assert not includes_against_layers(sources())


def write_source(path, line, monkeypatch, tmp_path):
    monkeypatch.setattr("test_layers.TOP", str(tmp_path))
    target = tmp_path / path
    target.parent.mkdir(parents=True)
    target.write_text(line + "\n")


def test_folders():
    assert not includes_against_folders(sources())


@pytest.mark.parametrize("path,line,check", [
    ("daemon/zz.c", "#include <fido.h>", headers_out_of_quarantine),
    ("gateway/dialect_zz.c", "#include <microhttpd.h>", headers_out_of_quarantine),
    ("gateway/dialect_zz.c", "#include <dbus/dbus.h>", headers_out_of_quarantine),
    ("gateway/dialect_zz.c", '#include "gateway/bus_message.h"', headers_out_of_quarantine),
    ("gateway/dialect_zz.c", '#include "gateway/server_private.h"', headers_out_of_quarantine),
    ("common/bus/zz.c", "#include <event2/event.h>", headers_out_of_quarantine),
    ("pam/zz.c", '#include "common/bus/event_loop.h"', headers_out_of_quarantine),
    ("pam/zz.c", '#include "common/base/main_loop.h"', headers_out_of_quarantine),
    ("gateway/dialect_zz.c", "#include <event2/event.h>", headers_out_of_quarantine),
    ("gateway/zz.c", '#include "store/store.h"', includes_against_layers),
    ("pam/zz.c", "#  include <openssl/evp.h>", headers_out_of_quarantine),
    ("common/hybrid/zz.c", "#include <openssl/evp.h>", headers_out_of_quarantine),
    ("daemon/zz.c", '#include "common/hybrid/phone.h"', headers_out_of_quarantine),
    ("common/hybrid/zz.c", '#include "common/keys/keys.h"', includes_against_layers),
    ("common/keys/zz.c", '#include "common/hybrid/qr.h"', includes_against_layers),
    ("common/wire/zz.c", '#include "common/base/log.h"', headers_out_of_quarantine),
    ("client/zz.c", "#include <event2/event.h>", headers_out_of_quarantine),
    ("common/keys/zz.c", '#include "common/base/log.h"', headers_out_of_quarantine),
    ("client/zz.c", '#include "store/store.h"', includes_against_layers),
    ("common/keys/zz.c", '#include "common/bus/names.h"', includes_against_layers),
    ("common/base/zz.c", '#include "common/wire/frames.h"', includes_against_layers),
    ("daemon/accounts/zz.c", '#include "daemon/bus/bus.h"', includes_against_folders),
    ("daemon/bus/zz.h", '#include "daemon/dialogue/conversation.h"', includes_against_folders),
    ("store/sqlite/zz.c", '#include "daemon/config/config.h"', includes_against_layers),
    ("store/zz.c", '#include "store/sqlite/query.h"', includes_against_folders),
    ("daemon/verify/zz.c", '#  include "daemon/auth/sign_in.h"', includes_against_folders),
    ("daemon/auth/zz.c", '#include "daemon/methods/zz.h"', includes_against_folders),
    ("daemon/api/zz.c", '#include "daemon/methods/zz.h"', includes_against_folders),
    ("daemon/main.c", '#include "daemon/methods/zz.h"', includes_against_folders),
    ("daemon/main.c", '#include "daemon/methods/ssh/zz.h"', includes_against_folders),
    ("daemon/auth/zz.c", '#include "daemon/methods/ssh/zz.h"', includes_against_folders),
    ("daemon/methods/zz.c", '#include "daemon/methods/ssh/zz.h"', includes_against_folders),
    ("daemon/methods/ssh/zz.c", '#include "daemon/methods/agent/zz.h"', includes_against_folders),
    ("daemon/methods/ssh/zz.c", '#include "daemon/api/manager.h"', includes_against_folders),
    ("daemon/methods/zz.c", '#include "daemon/api/manager.h"', includes_against_folders),
    ("daemon/auth/zz.c", '#include "daemon/privileges.h"', includes_against_folders),
    ("daemon/daemon.h", '#include "daemon/privileges.h"', includes_against_folders),
    ("client/askpass/zz.c", '#include "client/ssh/watch.h"', includes_against_folders),
    ("client/ssh/zz.c", '#include "client/ctl/check.h"', includes_against_folders),
    ("client/ctl/zz.c", '#include "client/askpass/files.h"', includes_against_folders),
    ("client/ctl/zz.c", '#include "client/ssh/watch.h"', includes_against_folders),
    ("client/zz.c", '#include "client/ctl/check.h"', includes_against_folders),
])
def test_violations_are_reported(path, line, check, monkeypatch, tmp_path):
    write_source(path, line, monkeypatch, tmp_path)
    assert check([path]) == [f"{path}:1: {line.split()[-1].strip('<>').strip(chr(34))}"]


@pytest.mark.parametrize("path,line", [
    ("store/remote/zz.c", '#include "store/protocol/frame.h"'),
    ("store/sqlite/zz.c", '#include "store/store.h"'),
    ("daemon/methods/zz.c", '#include "daemon/methods/zz.h"'),
    ("daemon/methods/zz.c", '#include "daemon/config/config.h"'),
    ("daemon/methods/ssh/zz.c", '#include "daemon/methods/ssh/host_keys.h"'),
    ("daemon/methods/ssh/zz.c", '#include "daemon/auth/attempt.h"'),
    ("daemon/api/zz.c", '#include "daemon/auth/sign_in.h"'),
    ("daemon/main.c", '#include "daemon/api/manager.h"'),
    ("daemon/daemon.h", '#include "common/base/status.h"'),
    ("client/ssh/zz.c", '#include "client/askpass/files.h"'),
    ("client/ctl/zz.c", '#include "client/terminal.h"'),
    ("pam/zz.c", '#include "pam/prompt.h"'),
])
def test_folders_below_may_be_included(path, line, monkeypatch, tmp_path):
    write_source(path, line, monkeypatch, tmp_path)
    assert not includes_against_folders([path])


def test_a_new_folder_needs_a_place(monkeypatch, tmp_path):
    path = "daemon/zz/zz.c"
    write_source(path, '#include "daemon/daemon.h"', monkeypatch, tmp_path)
    assert includes_against_folders([path]) == [
        f"{path}: daemon/zz has no place in the order of folders"]


def parts_of_the_plugin():
    """What pam/fragment.mk lists for sudo's plugin."""
    with open(os.path.join(TOP, "pam/fragment.mk"), encoding="utf-8") as file:
        text = file.read()
    assert "la_SOURCES = pam/passkey_approval.c $(pam_shared_sources)\n" in text
    listed = re.search(r"^pam_shared_sources = ((.*\\\n)*.*)", text, re.M).group(1)
    return ["pam/passkey_approval.c", *(word for word in listed.split() if word != "\\")]


def test_sudos_plugin_has_no_libpam():
    """It runs in every sudo, also in one that is built without PAM."""
    parts = parts_of_the_plugin()
    assert "pam/passkey_approval.c" in parts and "pam/sudo_flags.c" in parts
    for path in parts:
        for number, _, header in includes(path):
            assert not header.startswith("security/"), f"{path}:{number}: {header}"
            if header.startswith("pam/"):
                assert header in parts, f"{path}:{number}: {header} is not the plugin's"


def test_module_and_programs_declare_few_headers():
    """The PAM module's own folder reaches nothing but libpam, the bus client and the base."""
    for path in sources():
        if path.startswith("pam/"):
            for number, quote, header in includes(path):
                if quote == '"':
                    assert header.startswith(("pam/", "common/base/", "common/bus/")), \
                        f"{path}:{number}: {header}"
