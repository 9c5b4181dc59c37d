# SPDX-License-Identifier: BSD-2-Clause
"""scripts/package, with tools that build nothing: otherwise packages would be named after another
version than the tag's, or the script would write where it should not."""

import os
import re
import shutil
import subprocess

import pytest

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))

if not os.path.isdir(TOP + "/debian"):
    pytest.skip("these sources have no debian/: it is in the repository alone",
                allow_module_level=True)

CHANGELOG = """passkeyd (0.2.0~unreleased-1) UNRELEASED; urgency=medium

  * Packages.

 -- the authors <authors@example.org>  Sat, 28 Nov 2026 12:00:00 +0000
"""

# In place of dpkg-buildpackage: it leaves what it would have built, and what it was given.
BUILD = """#!/bin/sh
version=$(dpkg-parsechangelog -S Version)
pwd >{folder}/pwd
find . -type f | sort >{folder}/sources
dpkg-parsechangelog -S Date >{folder}/date
echo "$SOURCE_DATE_EPOCH" >{folder}/epoch
for name in passkeyd passkey-client; do echo $version >../${name}_${version}_amd64.deb; done
touch ../passkeyd_${version}_amd64.changes ../passkeyd_${version}.dsc
"""


class Checkout:
    """A repository with scripts/package in it, and OUTDIR."""

    def __init__(self, folder):
        self.folder = folder
        self.top = folder / "top"
        self.out = folder / "out"
        (folder / "bin").mkdir()
        (self.top / "scripts").mkdir(parents=True)
        (self.top / "debian").mkdir()
        shutil.copy(TOP + "/scripts/package", self.top / "scripts" / "package")
        self.program(self.top / "scripts" / "install-dependencies", "#!/bin/sh\n")
        self.program(folder / "bin" / "dpkg-buildpackage", BUILD.replace("{folder}", str(folder)))
        self.program(folder / "bin" / "lintian", "#!/bin/sh\n")
        (self.top / "debian" / "changelog").write_text(CHANGELOG)
        (self.top / "debian" / "control").write_text(
            "Source: passkeyd\n\nPackage: passkeyd\n\nPackage: passkey-client\n")
        self.git("init", "-q")
        self.commit()

    @staticmethod
    def program(path, text):
        path.write_text(text)
        path.chmod(0o755)

    def git(self, *arguments):
        subprocess.run(["git", "-C", self.top, "-c", "user.name=a", "-c",
                        "user.email=a@example.org",
                        "-c", "safe.directory=*", *arguments], check=True, timeout=60,
                       env={**os.environ, "GIT_COMMITTER_DATE": "2026-12-24T18:00:00+0100"})

    def commit(self):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "all")

    def package(self, out=None, status=0):
        done = subprocess.run(
            [self.top / "scripts" / "package", out or self.out], text=True, check=False,
            capture_output=True, timeout=120, stdin=subprocess.DEVNULL,
            env={**os.environ, "PATH": f"{self.folder}/bin:" + os.environ["PATH"]})
        assert done.returncode == status, done
        return done

    def read(self, name):
        return (self.folder / name).read_text().strip()

    def built(self):
        return sorted(path.name for path in self.out.glob("*.deb"))


@pytest.fixture
def checkout(tmp_path):
    for program in ("git", "dpkg-parsechangelog", "xz"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not there: scripts/install-dependencies --package has it")
    return Checkout(tmp_path)


def test_without_a_tag_the_changelog_says_the_version(checkout):
    done = checkout.package()
    assert checkout.built() == ["passkey-client_0.2.0~unreleased-1_amd64.deb",
                                "passkeyd_0.2.0~unreleased-1_amd64.deb"]
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "lintian: 0 errors, 0 warnings, 0 overridden"
    assert os.path.basename(checkout.read("pwd")) == "passkeyd-0.2.0~unreleased"


def test_the_tag_of_the_commit_is_the_version(checkout):
    checkout.git("tag", "-a", "v0.3.0", "-m", "0.3.0")
    done = checkout.package()
    assert checkout.built() == ["passkey-client_0.3.0-1_amd64.deb", "passkeyd_0.3.0-1_amd64.deb"]
    assert "this commit is v0.3.0" in done.stderr and "0.2.0~unreleased-1" in done.stderr
    assert os.path.basename(checkout.read("pwd")) == "passkeyd-0.3.0"
    # The commit's time, so that it is the same whenever it is built.
    assert checkout.read("date") == "Thu, 24 Dec 2026 18:00:00 +0100"
    assert checkout.read("epoch") == "1798131600"
    assert (checkout.top / "debian" / "changelog").read_text() == CHANGELOG


def test_a_correction_of_the_packaging_keeps_its_revision(checkout):
    changelog = checkout.top / "debian" / "changelog"
    changelog.write_text(CHANGELOG.replace("0.2.0~unreleased-1", "0.3.0-2"))
    checkout.commit()
    checkout.git("tag", "v0.3.0")
    assert checkout.package().stderr == ""
    assert "passkeyd_0.3.0-2_amd64.deb" in checkout.built()
    assert checkout.read("date") == "Sat, 28 Nov 2026 12:00:00 +0000"


@pytest.mark.parametrize("change", ["later", "changed", "other", "words"])
def test_other_sources_are_not_the_tag(checkout, change):
    checkout.git("tag", {"other": "w0.3.0", "words": "v0.3.0-x"}.get(change, "v0.3.0"))
    if change == "later":
        (checkout.top / "later").write_text("")
        checkout.commit()
    elif change == "changed":
        (checkout.top / "debian" / "control").write_text("Package: passkeyd\n")
    assert checkout.package().stderr == ""
    assert "passkeyd_0.2.0~unreleased-1_amd64.deb" in checkout.built()


def test_only_what_was_built_before_is_replaced(checkout):
    checkout.out.mkdir()
    mine = ("mine_1_amd64.deb", "passkeyd.notes", "passkey-client-x_1_amd64.deb")
    old = ("passkeyd_0.1.0-1_amd64.deb", "passkeyd-dbgsym_0.1.0-1_amd64.deb",
           "passkey-client_0.1.0-1_amd64.deb", "passkeyd_0.1.0-1.dsc")
    for name in (*mine, *old):
        (checkout.out / name).write_text("")
    checkout.package()
    left = {path.name for path in checkout.out.iterdir()}
    assert set(mine) <= left and not set(old) & left
    assert re.search(r"(?m)^[0-9a-f]{64}  passkeyd_0\.2\.0~unreleased-1_amd64\.deb$",
                     (checkout.out / "SHA256SUMS").read_text())


def test_what_is_in_it_is_not_packaged(checkout):
    """Not what was built before, nor anything that git ignores; what is not committed yet is."""
    out = checkout.top / "packages"
    (checkout.top / "new").write_text("")
    (checkout.top / ".gitignore").write_text("/ignored\n")
    (checkout.top / "ignored").write_text("")
    checkout.package(out)
    checkout.package(out)
    assert checkout.read("sources").splitlines() == [
        "./.gitignore", "./debian/changelog", "./debian/control", "./new",
        "./scripts/install-dependencies", "./scripts/package"]


def test_nothing_is_written_to_a_folder_of_somebody_else(checkout):
    """Its owner could have put links there, which root would follow."""
    if os.geteuid():
        pytest.skip("only root can make a folder somebody else's")
    checkout.out.mkdir()
    os.chown(checkout.out, 65534, 65534)
    assert "belongs to somebody else" in checkout.package(status=1).stderr
    assert not list(checkout.out.iterdir())


def test_what_lintian_finds_is_counted(checkout):
    checkout.program(checkout.folder / "bin" / "lintian", "#!/bin/sh\n"
                     "echo 'E: passkeyd: one'\necho 'W: passkeyd: two'\necho 'W: passkeyd: three'\n"
                     "echo 'O: passkeyd: four'\necho 'I: passkeyd: five'\n")
    said = checkout.package(status=1).stdout.splitlines()
    assert said[-1] == "lintian: 1 errors, 2 warnings, 1 overridden"
    assert said[-4:-1] == ["E: passkeyd: one", "W: passkeyd: two", "W: passkeyd: three"]


def test_a_build_that_fails_keeps_what_was_there(checkout):
    checkout.package()
    checkout.program(checkout.folder / "bin" / "dpkg-buildpackage",
                     "#!/bin/sh\necho because\nexit 2\n")
    done = checkout.package(status=1)
    assert "because" in done.stderr and "build.log" in done.stderr
    assert len(checkout.built()) == 2
