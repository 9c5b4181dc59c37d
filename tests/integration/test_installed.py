# SPDX-License-Identifier: BSD-2-Clause
"""What make install puts where, what make uninstall leaves, and what the tests see of it."""

import glob
import os
import re
import shutil
import stat
import subprocess

import pytest

import installed
import namespace

BUILD = os.environ.get("top_builddir", "")
DOCUMENTS = "/usr/share/doc/passkeyd"
PROGRAMS = {"passkeyctl": "passkeyctl.1", "passkey-enroll": "passkey-enroll.1",
            "passkey-askpass": "passkey-askpass.1", "passkey-ssh": "passkey-ssh.1",
            "passkeyd": "passkeyd.8", "passkey-authenticator": "passkey-authenticator.8",
            "passkey-phone": "passkey-phone.8"}


def files_below(folder):
    return {os.path.join(root, name)[len(folder):]
            for root, folders, names in os.walk(folder)
            for name in names + [each for each in folders
                                 if os.path.islink(os.path.join(root, each))]}


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("stage"))
    namespace.make_install(BUILD, folder)
    return folder


def page(name):
    with open(f"/usr/share/man/man{name[-1]}/{name}", encoding="utf-8") as file:
        return file.read()


def test_modules_are_as_debian_has_them(stage):
    modules = [path for path in files_below(stage) if re.search(r"pass\w+\.so$", path)]
    assert {os.path.basename(path) for path in modules} == {
        "pam_passkey.so", "passkey_approval.so"}
    assert {stat.S_IMODE(os.stat(stage + path).st_mode) for path in modules} == {0o644}
    assert not [path for path in files_below(stage) if path.endswith((".la", ".a"))]


def test_uninstall_leaves_what_was_changed_and_state(tmp_path):
    folder = str(tmp_path)
    namespace.make_install(BUILD, folder)
    namespace.make(BUILD, "uninstall", "DESTDIR=" + folder)
    assert not files_below(folder)
    assert not glob.glob(folder + "/**/*passkey*", recursive=True)
    namespace.make_install(BUILD, folder)
    state = folder + "/var/lib/passkeyd/passkeyd.db"
    namespace.write(state, "")
    with open(folder + "/etc/passkey/passkeyd.conf", "a", encoding="utf-8") as file:
        file.write("# mine\n")
    said = subprocess.run(["flock", BUILD + "/Makefile", "make", "-s", "-C", BUILD, "uninstall",
                           "DESTDIR=" + folder], check=True, text=True,
                          capture_output=True).stdout
    assert files_below(folder) == {"/var/lib/passkeyd/passkeyd.db", "/etc/passkey/passkeyd.conf"}
    assert [line for line in said.splitlines() if line.startswith("Left")] == [
        f"Left as it is: {folder}/etc/passkey", f"Left as it is: {folder}/var/lib/passkeyd"]


def test_documents_are_where_they_are_looked_for(quiet_machine):
    for name in ("README.md", "COPYING", "NEWS", "protocol.md", "openssh.md", "threat-model.md"):
        assert os.path.getsize(f"{DOCUMENTS}/{name}") > 100
    # Links of a document that lead to another file.
    for path in glob.glob(DOCUMENTS + "/*.md"):
        with open(path, encoding="utf-8") as file:
            links = re.findall(r"\]\(([^)#:\s]+)\)", file.read())
        assert [link for link in links if not os.path.exists(f"{DOCUMENTS}/{link}")] == [], path
    named = {each.rstrip(".,").replace("\\", "") for name in os.listdir("/usr/share/man/man8")
             + os.listdir("/usr/share/man/man5") + os.listdir("/usr/share/man/man1")
             if "passkey" in name for each in
             re.findall(r"/usr/share/doc/passkeyd[\w./\\-]*|(?<![\w/])doc/[\w./-]+", page(name))}
    assert f"{DOCUMENTS}/protocol.md" in named
    assert [each for each in sorted(named) if not os.path.exists(each)] == []


@pytest.mark.parametrize("program", PROGRAMS)
def test_synopsis_names_every_option(quiet_machine, program):
    path = shutil.which(program) or "/usr/libexec/passkey/" + program
    usage = subprocess.run([path, "--help"], text=True, check=True, capture_output=True).stdout
    synopsis = re.search(r"(?ms)^\.S[Hh] SYNOPSIS$(.*?)^\.S[Hh] ", page(PROGRAMS[program])).group(1)
    synopsis = re.sub(r"\\f.", "", synopsis)
    synopsis = synopsis.replace("\\", "").replace(" Fl -", " Fl --").replace(".Fl -", ".Fl --")
    lines = re.findall(r"(?m)^(?:Usage:| {7,}|  -).*", usage)
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", "\n".join(lines)))
    assert {"--help", "--version"} <= options
    assert sorted(option for option in options
                  if not re.search(rf"(?<![\w-]){option}(?![\w-])", synopsis)) == []


@pytest.mark.parametrize("name", sorted(set(PROGRAMS.values()) | {"pam_passkey.8"}))
def test_footers_name_passkeyd(quiet_machine, name):
    """.Os alone says the name of the system that formats the page."""
    assert re.search(r'(?m)^(\.Os passkeyd|\.TH [A-Z_-]+ \d "?[\w -]+"? passkeyd .*)$', page(name))


def listing():
    """All that is called like something of ours; not what other packages call so."""
    folders = ("/usr/bin", "/usr/sbin", "/usr/libexec", "/usr/local", "/etc", "/var/lib",
               "/usr/share/doc/passkeyd", "/usr/share/man", "/usr/share/dbus-1", "/usr/share/zsh",
               "/usr/share/fish", "/usr/share/bash-completion", "/usr/lib/systemd")
    return {path for folder in folders
            for path in glob.glob(folder + "/**/*passkey[dc_-]*", recursive=True)
            if "/node_modules/" not in path}


def test_nothing_of_an_installation_is_seen(quiet_machine, stage):
    """Whatever make install has made, here and below /usr/local, is found and gone."""
    made = sorted(files_below(stage))
    assert len(made) > 60
    for path in made:
        if path.startswith(("/usr/bin", "/usr/sbin", "/usr/libexec", "/usr/share")):
            local = "/usr/local" + path[4:]
            os.makedirs(os.path.dirname(local), exist_ok=True)
            shutil.copy(stage + path, local, follow_symlinks=False)
            made.append(local)
    os.chown("/var/lib/passkeyd", 12345, 12345)
    namespace.write("/var/lib/passkey/removed-accounts/2001", "")
    namespace.write("/etc/passkey/passkeyd.conf.d/90-mine.conf", "[rp default]\nid = mine.test\n")
    namespace.write("/etc/sudo.conf", "Plugin passkey_approval passkey_approval.so\nSet x y\n")
    namespace.write("/etc/pam.d/mine",
                    "auth sufficient pam_passkey.so\nauth required pam_unix.so\n")
    subprocess.run(["pam-auth-update", "--package", "--enable", "passkey"], check=True,
                   env=dict(os.environ, DEBIAN_FRONTEND="noninteractive"))
    assert "pam_passkey" in open("/etc/pam.d/common-auth", encoding="utf-8").read()
    try:
        installed.mask()
        assert [path for path in made if os.path.lexists(path)] == []
        assert listing() == set()
        assert open("/etc/sudo.conf", encoding="utf-8").read() == "Set x y\n"
        assert open("/etc/pam.d/mine", encoding="utf-8").read() == "auth required pam_unix.so\n"
        assert "pam_passkey" not in open("/etc/pam.d/common-auth", encoding="utf-8").read()
    finally:
        for path in ("/etc/pam.d/mine", "/etc/sudo.conf"):
            os.unlink(path)
        namespace.install(BUILD)


def test_configure_sums_up_where_everything_goes(quiet_machine):
    with open(BUILD + "/config.log", encoding="utf-8", errors="replace") as file:
        said = dict(re.findall(r"(?m)^configure:\d+:   (\w[\w ,]*?) {2,}(.+)$", file.read()))
    assert "sudo plugin" in said
    said["settings"] = os.path.dirname(said["settings"])  # whose file other tests remove
    for what in ("PAM module", "settings", "state", "daemon", "systemd units"):
        assert os.path.exists(said[what]), (what, said[what])
    for path in said["man pages, documents"].split(", ") + said["completion"].split(", "):
        assert os.path.isdir(path)
