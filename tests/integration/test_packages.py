# SPDX-License-Identifier: BSD-2-Clause
"""What can be told of Debian's packages without building them: otherwise a new file, a version or a
question would be forgotten, and a script that runs as root on every host would not be looked at."""

import fnmatch
import glob
import os
import re
import shutil
import subprocess

import pytest

import namespace

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
DEBIAN = os.path.join(TOP, "debian")
BUILD = os.environ.get("top_builddir", "")
DROP_IN = "/etc/passkey/passkeyd.conf.d/00-debconf.conf"
CONFMODULE = "/usr/share/debconf/confmodule"

if not os.path.isdir(DEBIAN):
    pytest.skip("these sources have no debian/: it is in the repository alone",
                allow_module_level=True)

KINDS = ("config", "preinst", "postinst", "prerm", "postrm")
SCRIPTS = sorted(os.path.basename(path) for kind in KINDS
                 for path in glob.glob(f"{DEBIAN}/*.{kind}"))


def read(name):
    with open(os.path.join(TOP, name), encoding="utf-8") as file:
        return file.read()


def tool(name):
    path = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if not path:
        pytest.skip(f"{name} is not there: scripts/install-dependencies --package --lint has it")
    return path


# What is installed by which package.

def folders():
    """The variables of debian/rules, as this build has them."""
    makefile = read(os.path.join(BUILD, "Makefile"))

    def variable(name):
        value = re.search(rf"(?m)^{name} = (.*)$", makefile).group(1)
        while "${" in value:
            value = re.sub(r"\$\{(\w+)\}", lambda found: variable(found.group(1)), value)
        return value

    return {"UNITS": variable("systemdsystemunitdir"), "UDEV": variable("udevdir"),
            "PAM": variable("pamdir")}


def patterns(name):
    """Of paths below /, without those of files that are taken from the sources."""
    values = folders()
    for line in read("debian/" + name).splitlines():
        if line.startswith("debian/tmp/") or name == "not-installed" and not line.startswith("#"):
            line = re.sub(r"\$\{env:(\w+)\}", lambda found: values[found.group(1)], line)
            yield re.sub("/+", "/", "/" + line.removeprefix("debian/tmp/"))


def matches(path, pattern):
    return fnmatch.fnmatchcase(path, pattern) or path.startswith(pattern + "/")


def test_each_installed_file_is_in_one_package(tmp_path):
    namespace.make_install(BUILD, str(tmp_path))
    paths = ["/" + os.path.relpath(os.path.join(root, name), tmp_path)
             for root, _, names in os.walk(tmp_path) for name in names]
    # /lib and /usr/lib are one folder; each has it as its release does.
    wanted = {(name, pattern) for name in os.listdir(DEBIAN)
              if name.endswith(".install") or name == "not-installed" for pattern in patterns(name)}
    assert len(paths) > 60 and len(wanted) > 40
    owners = {path: {name for name, pattern in wanted if matches(path, pattern)} for path in paths}
    assert {path: found for path, found in owners.items() if len(found) != 1} == {}
    assert [each for each in sorted(wanted)
            if not any(matches(path, each[1]) for path in paths)] == []


def test_files_from_the_sources_are_there():
    taken = [line for name in os.listdir(DEBIAN) if name.endswith(".install")
             for line in read("debian/" + name).splitlines() if not line.startswith("debian/tmp/")]
    assert sorted(taken) == sorted(
        os.path.relpath(path, TOP) for path in glob.glob(TOP + "/etc/apparmor.d/*"))


def test_each_install_file_is_of_a_package():
    packages = re.findall(r"(?m)^Package: (.*)$", read("debian/control"))
    assert len(packages) > 5
    assert sorted(name for name in os.listdir(DEBIAN) if name.endswith(".install")) == sorted(
        name + ".install" for name in packages)


# What is written in more than one place.

def test_versions_agree():
    released = re.search(r"AC_INIT\(\[passkeyd\], \[([\d.]+)\]\)", read("configure.ac")).group(1)
    title = re.search(r"(?m)^(.+)\n=+$", read("NEWS")).group(1)
    entries = re.findall(r"(?m)^passkeyd \((\S+)\) (\S+); urgency=\w+$", read("debian/changelog"))
    (version, distribution), *earlier = entries
    if title.startswith("unreleased: "):
        # A tilde sorts before the end: the release is newer than what was built on the way there.
        coming = title.removeprefix("unreleased: ")
        assert re.fullmatch(re.escape(coming) + r"~unreleased-\d+", version)
        assert distribution == "UNRELEASED"
        assert earlier[0][0].startswith(released + "-")
    else:
        assert title.startswith(released)
        assert re.fullmatch(re.escape(released) + r"-\d+", version)
        assert distribution != "UNRELEASED"


def test_what_is_needed_to_build_agrees():
    said = subprocess.run([TOP + "/scripts/install-dependencies", "--list", "--build"], text=True,
                          check=True, capture_output=True).stdout.split()
    fields = re.search(r"(?ms)^Build-Depends:\n(.*?)^\S", read("debian/control")).group(1)
    named = re.findall(r"(?m)^ ([\w.+-]+)", fields)

    def libraries(names):
        return sorted(name for name in names if re.fullmatch(r"lib.*-dev", name))

    assert libraries(named) == sorted({*libraries(said), "libcmocka-dev"} - {"libc6-dev"})
    assert "sudo" in named


def test_what_the_unit_tests_import_is_needed_to_build():
    """Without it dpkg-buildpackage fails where nobody says nocheck."""
    scripts = [path for folder in ("unit", "fuzz", "vectors")
               for path in glob.glob(f"{TOP}/tests/{folder}/*.py")]
    found = {name for path in scripts
             for name in re.findall(r"(?m)^ *(?:import|from) (\w+)", read(path))}
    packages = {"dbus": "python3-dbus", "gi": "python3-gi", "jsonschema": "python3-jsonschema",
                "cryptography": "python3-cryptography"}
    assert set(packages) & found == set(packages)
    control = read("debian/control")
    assert [name for name in packages.values() if f"\n {name} <!nocheck>,\n" not in control] == []


def test_the_licence_is_the_one_in_copying():
    words = read("COPYING").split("All rights reserved.")[-1]
    words = words[words.index("Redistribution"):].split()
    assert " ".join(words) in " ".join(read("debian/copyright").replace("\n .\n", "\n").split())


# The question.

def paragraphs():
    """The texts of the templates, each a paragraph, as po-debconf takes them apart."""
    for template in read("debian/passkeyd.templates").strip().split("\n\n"):
        head, *lines = re.search(r"(?s)_Description: (.*)$", template).group(1).split("\n")
        yield head
        for paragraph in "\n".join(lines).split("\n .\n"):
            yield " ".join(line.strip() for line in paragraph.split("\n"))


def messages(name):
    """Message and translation of each entry but the first."""
    def text(quoted):
        return "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', quoted)).replace('\\"', '"')

    entries = re.findall(r'(?ms)^msgid ((?:"[^\n]*"\n)+)msgstr ((?:"[^\n]*"(?:\n|\Z))+)',
                         read(name))
    return {text(message): text(translation) for message, translation in entries if text(message)}


def test_templates_are_well_formed():
    text = read("debian/passkeyd.templates")
    kinds = re.findall(r"(?m)^Template: (\S+)\nType: (\w+)$", text)
    assert kinds == [("passkeyd/rp-id", "string"), ("passkeyd/rp-id-invalid", "error"),
                     ("passkeyd/rp-id-change", "boolean")]
    assert text.count("_Description: ") == len(kinds)
    assert "#" not in text and "\t" not in text
    assert "[type: gettext/rfc822deb] passkeyd.templates" in read("debian/po/POTFILES.in")


@pytest.mark.parametrize("name", ["templates.pot", "de.po"])
def test_translations_have_each_text(name):
    found = messages("debian/po/" + name)
    assert sorted(found) == sorted(paragraphs())
    if name.endswith(".po"):
        assert "fuzzy" not in read("debian/po/" + name)
        assert [message for message, translation in found.items() if not translation] == []
        for message, translation in found.items():
            assert re.findall(r"\$\{\w+\}", message) == re.findall(r"\$\{\w+\}", translation)


# Scripts that run as root on every host.

@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_are_what_policy_wants(name):
    text = read("debian/" + name)
    assert text.startswith("#!/bin/sh\n") and "\nset -e\n" in text
    # debconf's has nothing added; a line of another's beside it would be lost.
    assert text.count("\n#DEBHELPER#\n") == (0 if name.endswith(".config") else 1)
    subprocess.run(["sh", "-n", os.path.join(DEBIAN, name)], check=True)


def test_scripts_are_clean():
    subprocess.run([tool("shellcheck"), "-s", "sh", "-e", "SC1091",
                    *(os.path.join(DEBIAN, name) for name in SCRIPTS),
                    *(path for path in glob.glob(DEBIAN + "/tests/*")
                      if os.access(path, os.X_OK))], check=True)


FAKE = """
RET=
db_get() {
    case $1 in
    */rp-id-change) RET=$(cat {folder}/change 2>/dev/null) || RET=false ;;
    *) RET=$(cat {folder}/value 2>/dev/null) || RET= ;;
    esac
}
db_reset() { rm -f {folder}/change; }
db_set() { printf %s "$2" >{folder}/value; }
db_fget() { RET=$(cat {folder}/seen 2>/dev/null) || RET=false; }
db_fset() { echo "fset $*" >>{folder}/calls; }
db_subst() { echo "subst $*" >>{folder}/calls; }
db_input() { echo "input $*" >>{folder}/calls; [ ! -e {folder}/hidden ] || return 30; }
db_go() { [ ! -e {folder}/next ] || mv {folder}/next {folder}/value; }
db_stop() { :; }
"""


class Debconf:
    """A script with a debconf that says what it is told to, and keeps what it was asked."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "confmodule").write_text(FAKE.replace("{folder}", str(folder)))
        (folder / "bin").mkdir()
        self.program("dpkg-trigger", f'echo "trigger $*" >>{folder}/calls')

    def program(self, name, text):
        """What a script runs in place of the program of this name."""
        program = self.folder / "bin" / name
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)

    def file(self, name, text):
        (self.folder / name).write_text(text)

    def calls(self):
        """What was called since the last time."""
        calls = self.folder / "calls"
        found = calls.read_text().splitlines() if calls.exists() else []
        calls.unlink(missing_ok=True)
        return found

    def run(self, name, *arguments):
        text = read("debian/" + name).replace(CONFMODULE, str(self.folder / "confmodule"))
        text = text.replace("#DEBHELPER#", "").replace("#ENV.DEB_VERSION_UPSTREAM#", "0.2.0")
        path = f"{self.folder}/bin:" + os.environ["PATH"]
        return subprocess.run(["sh", "-c", text, name, *arguments], text=True, timeout=60,
                              env={**os.environ, "PATH": path}, stdin=subprocess.DEVNULL,
                              capture_output=True, check=False)

    def configure(self, *arguments):
        done = self.run("passkeyd.postinst", "configure", *arguments)
        assert done.returncode == 0, done
        return done.stderr

    def asked(self, *arguments):
        """The value that is proposed, and the calls."""
        self.calls()
        done = self.run("passkeyd.config", *arguments)
        assert done.returncode == 0, done
        value = self.folder / "value"
        return value.read_text() if value.exists() else "", self.calls()


@pytest.fixture
def debconf(quiet_machine, tmp_path):
    left = glob.glob("/var/lib/passkeyd/*")
    yield Debconf(tmp_path)
    for path in {*glob.glob("/var/lib/passkeyd/*"), DROP_IN,
                 "/etc/passkey/passkeyd.conf.d/90-mine.conf"} - set(left):
        if os.path.exists(path):
            os.unlink(path)


def drop_in():
    if not os.path.exists(DROP_IN):
        return None
    return read(DROP_IN)


def test_an_answer_becomes_a_file_that_the_daemon_takes(debconf):
    debconf.file("value", "accounts.example.org")
    debconf.file("seen", "true")
    debconf.configure()
    written = drop_in()
    assert re.findall("(?m)^[^#].*", written) == ["[rp default]", "id = accounts.example.org"]
    assert os.stat(DROP_IN).st_mode & 0o777 == 0o644
    said = subprocess.run(["passkeyd", "--check-config"], text=True, check=False,
                          capture_output=True)
    assert "00-debconf" not in said.stdout + said.stderr
    debconf.configure("0.2.0-1")
    assert drop_in() == written
    debconf.file("value", "other.example.org")
    debconf.configure("0.2.0-1")
    assert "id = other.example.org\n" in drop_in()
    debconf.file("value", "")
    debconf.configure("0.2.0-1")
    assert drop_in() is None


def test_what_nobody_answered_is_left_to_the_daemon(debconf):
    debconf.file("value", "accounts.example.org")
    debconf.configure()
    assert drop_in() is None


@pytest.mark.parametrize("value", [
    "example", "https://example.org", "example.org:443", "Example.org", ".example.org",
    "example..org", "-a.example.org", "a.-b.org", "192.0.2.7", "a.org\nid = b.org",
    "x" * 250 + ".org", "a b.org"])
def test_what_is_no_id_is_not_written(debconf, value):
    debconf.file("value", value)
    debconf.file("seen", "true")
    assert "cannot be a relying party id" in debconf.configure()
    assert drop_in() is None


def test_what_the_administrator_wrote_counts(debconf):
    debconf.file("value", "accounts.example.org")
    debconf.file("seen", "true")
    debconf.configure()
    edited = drop_in() + "name = Mine\n"
    namespace.write(DROP_IN, edited)
    debconf.file("value", "other.example.org")
    debconf.configure("0.2.0-1")
    assert drop_in() == edited
    os.unlink(DROP_IN)
    mine = "/etc/passkey/passkeyd.conf.d/90-mine.conf"
    namespace.write(mine, "[rp portal]\nid = portal.test\n[rp default]\n  id=mine.test\n")
    debconf.configure("0.2.0-1")
    assert drop_in() is None
    assert debconf.asked("configure", "")[1] == []
    # Of another relying party it is not the answer.
    namespace.write(mine, "[rp default]\n#id = mine.test\n[rp portal]\nid = portal.test\n")
    debconf.configure("0.2.0-1")
    assert "id = other.example.org\n" in drop_in()


def test_the_full_name_is_proposed(debconf):
    assert debconf.asked("configure", "") == (namespace.HOST, ["input medium passkeyd/rp-id"])
    assert debconf.asked("reconfigure", "0.2.0-1") == (
        namespace.HOST, ["input medium passkeyd/rp-id"])


def test_without_a_full_name_there_is_nothing_to_propose(debconf):
    before = read("/etc/hosts")
    namespace.write("/etc/hosts", f"127.0.0.1 localhost {namespace.HOST.split('.')[0]}\n")
    try:
        assert debconf.asked("configure", "") == ("", ["input high passkeyd/rp-id"])
    finally:
        namespace.write("/etc/hosts", before)


def test_nobody_is_asked_twice(debconf):
    """Nor where there are passkeys already, which another id would make worthless."""
    assert debconf.asked("configure", "0.2.0-1") == ("", [])
    debconf.file("value", "accounts.example.org")
    debconf.file("seen", "true")
    assert debconf.asked("configure", "")[0] == "accounts.example.org"
    debconf.configure()
    debconf.file("value", "stale.example.org")
    assert debconf.asked("configure", "0.2.0-1") == ("accounts.example.org", [])
    os.unlink(DROP_IN)
    namespace.write("/var/lib/passkeyd/passkeyd.db", "")
    assert debconf.asked("configure", "")[1] == []


@pytest.mark.parametrize("before", ["accounts.example.org", ""])
def test_another_id_takes_a_second_answer_where_there_are_passkeys(debconf, before):
    """Otherwise a person who types over the proposal, or a preseeded file, locks everybody out."""
    if before:
        debconf.file("value", before)
        debconf.file("seen", "true")
        debconf.configure()
    written = drop_in()
    namespace.write("/var/lib/passkeyd/passkeyd.db", "")
    debconf.file("value", before)
    debconf.file("seen", "true")
    debconf.file("next", "other.example.org")
    value, calls = debconf.asked("reconfigure", "0.2.0-1")
    assert value == before
    assert calls[-3:] == [f"subst passkeyd/rp-id-change OLD {before}",
                          "subst passkeyd/rp-id-change NEW other.example.org",
                          "input critical passkeyd/rp-id-change"]
    debconf.file("value", "other.example.org")
    assert "the relying party id stays" in debconf.configure("0.2.0-1")
    assert drop_in() == written
    debconf.file("value", before)
    debconf.file("next", "other.example.org")
    debconf.file("change", "true")
    assert debconf.asked("reconfigure", "0.2.0-1")[0] == "other.example.org"
    assert debconf.configure("0.2.0-1") == ""
    assert "id = other.example.org\n" in drop_in()
    # That was one answer to one change.
    debconf.file("value", "third.example.org")
    assert "stays" in debconf.configure("0.2.0-1")


def test_the_same_id_is_no_change(debconf):
    debconf.file("value", "accounts.example.org")
    debconf.file("seen", "true")
    debconf.configure()
    namespace.write("/var/lib/passkeyd/passkeyd.db", "")
    assert debconf.asked("reconfigure", "0.2.0-1") == (
        "accounts.example.org", ["input medium passkeyd/rp-id"])
    assert debconf.configure("0.2.0-1") == ""


def test_no_id_is_taken_unasked_where_there_are_passkeys(debconf):
    """Where nothing can be shown, the proposal is no answer."""
    namespace.write("/var/lib/passkeyd/passkeyd.db", "")
    debconf.file("seen", "true")
    debconf.file("hidden", "")
    assert debconf.asked("reconfigure", "0.2.0-1")[0] == ""
    debconf.configure("0.2.0-1")
    assert drop_in() is None


STARTED_AGAIN = [name.removesuffix(".triggers") for name in sorted(os.listdir(DEBIAN))
                 if name.endswith(".triggers")]


@pytest.mark.parametrize("package", STARTED_AGAIN)
def test_an_upgrade_restarts_by_a_trigger(debconf, package):
    """Once everything is configured, and not on the first installation, where nothing runs."""
    trigger = f"trigger --no-await {package}-restart"
    assert debconf.run(package + ".postinst", "configure", "").returncode == 0
    assert trigger not in debconf.calls()
    assert debconf.run(package + ".postinst", "configure", "0.1.0-1").returncode == 0
    assert trigger in debconf.calls()
    assert f"\ninterest-noawait {package}-restart\n" in read(f"debian/{package}.triggers")


def test_each_service_of_a_package_has_its_trigger():
    """Or else it would run on with the program and the libraries of before."""
    lists = [name for name in os.listdir(DEBIAN) if name.endswith(".install")]
    with_service = {name.removesuffix(".install") for name in lists
                    if re.search(r"\.service$", read(f"debian/{name}"), re.MULTILINE)}
    assert with_service == set(STARTED_AGAIN)
    rules = read("debian/rules")
    assert [name for name in STARTED_AGAIN if f">>debian/{name}/DEBIAN/triggers" not in rules] == []


def test_triggers_are_of_libraries_and_what_they_load():
    """Nested ones, too, by paths that dpkg's lists have; one that it does not have never comes."""
    done = subprocess.run([TOP + "/debian/library-triggers", tool("passkeyd")], text=True,
                          check=True, capture_output=True)
    paths = re.findall(r"(?m)^interest-noawait (/\S+)$", done.stdout)
    assert len(paths) == len(done.stdout.splitlines()) == len(set(paths))
    names = {os.path.basename(path) for path in paths}
    assert {"libcrypto.so.3", "libsqlite3.so.0", "libc.so.6"} <= names
    loaded = subprocess.run(["ldd", tool("passkeyd")], text=True, check=True, capture_output=True)
    assert {os.path.basename(name) for name in re.findall(r"(?m)^\s+(\S+) \S+", loaded.stdout)
            if "vdso" not in name} == names
    subprocess.run(["dpkg-query", "-S", *paths], check=True, stdout=subprocess.DEVNULL)


def test_a_library_of_no_package_ends_the_build(tmp_path):
    program = tmp_path / "program"
    shutil.copy(tool("passkeyd"), program)
    program.write_bytes(program.read_bytes().replace(b"libsqlite3.so.0\0", b"libsqlit33.so.0\0"))
    done = subprocess.run([TOP + "/debian/library-triggers", program], text=True, check=False,
                          capture_output=True)
    assert done.returncode == 1 and "no package has libsqlit33.so.0" in done.stderr


def test_a_wrong_answer_is_asked_again(debconf):
    debconf.file("value", "https://example.org")
    debconf.file("seen", "true")
    debconf.file("hidden", "")
    assert len(debconf.asked("configure", "")[1]) == 1  # and no loop, where nothing can be shown
    os.unlink(debconf.folder / "hidden")
    debconf.file("next", "")
    value, calls = debconf.asked("configure", "")
    assert value == "" and calls == ["input medium passkeyd/rp-id"]


def test_going_back_is_refused_while_there_are_passkeys(debconf):
    assert debconf.run("passkeyd.preinst", "upgrade", "0.3.0-1").returncode == 0
    namespace.write("/var/lib/passkeyd/passkeyd.db", "")
    done = debconf.run("passkeyd.preinst", "upgrade", "0.3.0-1")
    assert done.returncode == 1 and "may not read" in done.stderr
    for before in ("0.1.0-1", "0.2.0~unreleased-1", "0.2.0-2", "0.2.0-1~bpo12+1"):
        assert debconf.run("passkeyd.preinst", "upgrade", before).returncode == 0
    assert debconf.run("passkeyd.preinst", "install").returncode == 0


def test_sudo_is_not_left_with_a_plugin_that_is_gone(debconf):
    for line, code in (("#Plugin passkey_approval x.so\n", 0),
                       ("Plugin sudoers_io sudoers.so\n", 0),
                       ("  Plugin passkey_approval passkey_approval.so\n", 1)):
        namespace.write("/etc/sudo.conf", line)
        try:
            done = debconf.run("passkey-sudo-approval.prerm", "remove")
            assert (done.returncode, "take the line out" in done.stderr) == (code, bool(code))
            assert debconf.run("passkey-sudo-approval.prerm", "upgrade", "0.3.0-1").returncode == 0
        finally:
            os.unlink("/etc/sudo.conf")


# What confines the programs.

PROFILES = {name.removesuffix(".install"):
            re.findall(r"(?m)^(etc/apparmor\.d/\S+)", read("debian/" + name))
            for name in sorted(os.listdir(DEBIAN)) if name.endswith(".install")}


@pytest.mark.parametrize("package", [name for name, paths in PROFILES.items() if paths])
def test_a_purge_takes_the_profiles_out_of_the_kernel(debconf, package):
    """Whatever the kernel says of them; a removal, after which the files are there, does not."""
    profiles = [re.search(r"(?m)^profile (\S+) ", read(path)).group(1)
                for path in PROFILES[package]]
    for name in ("aa-enabled", "rm", "rmdir"):
        debconf.program(name, "")
    debconf.program("apparmor_parser", f'echo "$* $(cat)" >>{debconf.folder}/calls; exit 1')
    assert debconf.run(package + ".postrm", "remove").returncode == 0
    assert debconf.calls() == []
    assert debconf.run(package + ".postrm", "purge").returncode == 0
    assert debconf.calls() == [f"--remove profile {profile} {{}}" for profile in profiles]
    debconf.program("aa-enabled", "exit 1")
    assert debconf.run(package + ".postrm", "purge").returncode == 0
    assert debconf.calls() == []


STORES = sorted(os.path.basename(path).removesuffix(".socket.in")
                for path in glob.glob(TOP + "/etc/passkey-store-*.socket.in"))


@pytest.mark.parametrize("name", STORES)
def test_a_store_serves_the_daemon_alone(name):
    """By whom the kernel says there is: that is nobody in a namespace of users, and for root."""
    socket = read(f"etc/{name}.socket.in")
    assert f"\nListenStream=/run/{name}/socket\n" in socket
    assert "\nSocketUser=@PASSKEYD_USER@\nSocketMode=0600\n" in socket
    service = read(f"etc/{name}.service.in")
    assert f"\nUser={name}\nGroup={name}\n" in service
    assert "\nPrivateUsers=yes" not in service and "\nDynamicUser=yes" not in service
    assert f"\nu {name} - " in read(f"etc/sysusers.d/{name}.conf")
    assert f"\n  /run/{name}/socket rw,\n" in read(f"etc/apparmor.d/usr.libexec.passkey.{name}")


@pytest.mark.parametrize("path", sorted(glob.glob(TOP + "/etc/apparmor.d/*")))
def test_apparmor_takes_the_profiles(path):
    name = os.path.basename(path)
    text = read(path)
    program = "/" + name.replace(".", "/")
    assert re.search(rf"(?m)^profile passkey[\w-]+ {re.escape(program)} ", text)
    assert f"include if exists <local/{name}>" in text
    assert "complain" not in text and "unconfined" not in text
    if not os.path.exists("/etc/apparmor.d/abi/3.0"):
        pytest.skip("what AppArmor's profiles include is not there: it is in the package apparmor")
    subprocess.run([tool("apparmor_parser"), "--skip-kernel-load", "--skip-cache", path],
                   check=True)
