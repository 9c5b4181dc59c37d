# SPDX-License-Identifier: BSD-2-Clause
"""The packages of other systems: if this failed, one of them would leave out a file that make
install has, be of another version, or have a PAM stack that lets nobody in. Each is looked at by
what Debian has for it; tests/packages/rpm builds RPM's and installs them."""

import glob
import itertools
import os
import re
import shutil
import subprocess
import tempfile

import pytest

import namespace

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.environ.get("top_builddir", "")
SPEC = "packaging/rpm/passkeyd.spec"
AUTHSELECT = "packaging/authselect/passkey/"


def read(name):
    with open(os.path.join(TOP, name), encoding="utf-8") as file:
        return file.read()


def tool(name, package):
    path = shutil.which(name)
    if not path:
        pytest.skip(f"{name} is not there: it is in Debian's package {package} "
                    "(scripts/install-dependencies --package)")
    return path


def run(*command, **more):
    done = subprocess.run(command, text=True, timeout=300, capture_output=True, check=False, **more)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_versions_are_the_tarballs():
    version = re.search(r"AC_INIT\(\[passkeyd\], \[([\d.]+)\]\)", read("configure.ac")).group(1)
    assert re.search(r"(?m)^Version: +(.*)$", read(SPEC)).group(1) == version
    assert re.search(r"(?m)^%changelog\n\*.* - (\S+)-1$", read(SPEC)).group(1) == version
    assert re.search(r"(?m)^pkgver=(.*)$", read("packaging/arch/PKGBUILD")).group(1) == version
    assert re.search(r'version = "(.*)";', read("packaging/nix/package.nix")).group(1) == version


def test_what_configure_needs_is_named():
    """Of pkg-config's modules those that may be missing are cmocka and one of two for logind."""
    needed = set(re.findall(r"PKG_CHECK_MODULES\(\[\w+\], \[([\w.-]+)", read("configure.ac")))
    needed -= {"cmocka", "libelogind", "dbus-1"}
    named = set(re.findall(r"(?m)^BuildRequires: +pkgconfig\(([\w.-]+)\)", read(SPEC)))
    assert needed - named == set() and len(needed) > 12
    # By other names: how many there are.
    names = {"pam": "pam", "libfido2": "libfido2", "jansson": "jansson", "jose": "jose",
             "libcbor": "libcbor", "sqlite3": "sqlite", "libseccomp": "libseccomp",
             "libevent_core": "libevent", "libidn2": "libidn2", "libpsl": "libpsl",
             "libpq": "(postgresql-libs|libpq)", "ldap": "(libldap|openldap)",
             "libmicrohttpd": "libmicrohttpd", "libqrencode": "qrencode", "libcurl": "curl",
             "libcrypto": "openssl", "libssl": "openssl", "ini_config": "ding-libs",
             "libutf8proc": "utf8proc", "libsystemd": "systemd"}
    assert set(names) == needed
    for path in ("packaging/arch/PKGBUILD", "packaging/nix/package.nix"):
        text = read(path)
        assert [name for name in names.values()
                if not re.search(rf"\b(lib)?{name}\b", text)] == [], path


# RPM

def test_the_spec_has_each_installed_file(tmp_path):
    rpmspec = tool("rpmspec", "rpm")
    text = run(rpmspec, "-P", "--define", "_libdir /usr/lib/ARCH", os.path.join(TOP, SPEC))
    wanted = set()
    for line in re.findall(r"(?m)^(?:%config\(noreplace\) )?(/\S+)$",
                           text[text.index("\n%files"):text.index("\n%changelog")]):
        wanted.add(line.replace("/usr/lib/ARCH/security/", "*/security/")
                   .replace("/usr/share/zsh/site-functions", "*/zsh/*"))
    namespace.make_install(BUILD, str(tmp_path))
    paths = ["/" + os.path.relpath(os.path.join(root, name), tmp_path)
             for root, _, names in os.walk(tmp_path) for name in names]
    paths = [re.sub("^/lib/", "/usr/lib/", path) for path in paths
             if "/pam-configs/" not in path and not path.endswith("/COPYING")]

    def matches(path, pattern):
        pattern = re.escape(pattern).replace(r"\*", "[^ ]*")
        return re.fullmatch(pattern + "(/.*)?", path)

    assert len(paths) > 60
    assert [path for path in paths if not any(matches(path, each) for each in wanted)] == []
    assert [each for each in wanted if "authselect" not in each
            and not any(matches(path, each) for path in paths)] == []


def test_rpmlint_finds_no_error_in_the_spec():
    rpmlint = tool("rpmlint", "rpmlint")
    done = subprocess.run([rpmlint, os.path.join(TOP, SPEC)], text=True, timeout=300,
                          capture_output=True, check=False)
    assert re.search(r"\d+ errors", done.stdout), done
    # Debian has passkeyd's programs of root's in libexec, as the GNU standards do.
    assert [line for line in done.stdout.splitlines()
            if ": E: " in line and "hardcoded-library-path" not in line] == []


# authselect

def features(name):
    return sorted(set(re.findall(r'"([\w-]+)"', read(AUTHSELECT + name))))


def render(text, chosen):
    """What authselect makes of a file: {if "FEATURE":TEXT}, {include if ...}, {exclude if ...}."""
    lines = []
    for line in text.splitlines():
        keep = True

        def condition(found):
            wanted = found.group(3) in chosen
            return wanted != bool(found.group(2))

        for found in re.finditer(r'\{(include|exclude) if (not )?"([\w-]+)"\}', line):
            keep = keep and condition(found) == (found.group(1) == "include")
        line = re.sub(r'\s*\{(?:include|exclude) if (?:not )?"[\w-]+"\}', "", line)
        line = re.sub(r'\{(if) (not )?"([\w-]+)":([^{}]*)\}',
                      lambda found: found.group(4) if condition(found) else "", line)
        if keep:
            lines.append(line)
    return "\n".join(lines)


def selections(name):
    found = features(name)
    return [chosen for size in range(len(found) + 1)
            for chosen in itertools.combinations(found, size)]


@pytest.mark.parametrize("name", ["system-auth", "password-auth"])
def test_passkeys_come_first_and_the_password_stays(name):
    for chosen in selections(name):
        text = render(read(AUTHSELECT + name), chosen)
        assert "{" not in text and "}" not in text
        lines = [line for line in text.splitlines() if line]
        for line in lines:
            assert re.fullmatch(r"-?(auth|account|password|session) +"
                                r"(required|requisite|sufficient|optional|\[[\w= ]+\]) +"
                                r"pam_\w+\.so( [\w=]+)* *", line), line
        asked = [re.search(r"pam_\w+", line).group() for line in lines if line.startswith("auth")]
        without = name == "password-auth" and "without-remote-passkey" in chosen
        assert ("pam_passkey" in asked) == (not without)
        assert asked[-1] == "pam_deny" and "pam_unix" in asked
        if not without:
            assert asked.index("pam_passkey") < asked.index("pam_unix")
            # No password was typed yet that could count as a wrong one.
            assert "pam_faillock" not in asked[:asked.index("pam_passkey")]
            line = next(line for line in lines if "pam_passkey" in line)
            assert line.split()[1] == "sufficient"


def test_features_are_described():
    described = set(re.findall(r"(?m)^([\w-]+)::$", read(AUTHSELECT + "README")))
    used = {feature for name in os.listdir(os.path.join(TOP, AUTHSELECT)) if name != "README"
            for feature in features(name)}
    assert described == used


def test_name_services_are_well_formed():
    for chosen in selections("nsswitch.conf"):
        for line in render(read(AUTHSELECT + "nsswitch.conf"), chosen).splitlines():
            assert re.fullmatch(r"[a-z]+: +[a-z]+( [a-z]+| \[!?[A-Z]+=[a-z]+\])*", line), line


# Arch and Nix

def test_the_pkgbuild_is_well_formed():
    folder = os.path.join(TOP, "packaging/arch")
    for path in (folder + "/PKGBUILD", folder + "/passkeyd.install"):
        run("bash", "-n", path)
    makepkg = tool("makepkg", "makepkg")
    # makepkg refuses to be run by root, and pytest's folders are root's alone.
    with tempfile.TemporaryDirectory(dir=namespace.SCRATCH) as copy:
        for path in glob.glob(folder + "/*"):
            shutil.copy(path, copy)
        os.chmod(copy, 0o777)
        # Of pacman itself, which Debian has elsewhere, it only wants to know where it is.
        said = run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", makepkg,
                   "--printsrcinfo", cwd=copy,
                   env={**os.environ, "HOME": copy, "PACMAN": "true"})
    assert "pkgbase = passkeyd" in said and "install = passkeyd.install" in said


def test_the_pkgbuild_is_clean():
    run(tool("shellcheck", "shellcheck"), *glob.glob(TOP + "/packaging/arch/*"))


@pytest.mark.parametrize("name", ["package.nix", "module.nix"])
def test_nix_reads_the_expressions(name, tmp_path):
    run(tool("nix-instantiate", "nix-bin"), "--parse", os.path.join(TOP, "packaging/nix", name),
        env={**os.environ, "HOME": str(tmp_path), "NIX_STATE_DIR": str(tmp_path / "state"),
             "NIX_STORE_DIR": str(tmp_path / "store")})
