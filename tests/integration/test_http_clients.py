# SPDX-License-Identifier: BSD-2-Clause
"""Real clients of passkey services, unmodified, against passkey-gateway and the daemon behind it.

tests/browser has what they are told; here each of its files is one test, whose own tests are shown
where one fails. Were this broken, applications that speak to such services could not change over.
"""

import json
import os
import shutil
import subprocess

import pytest

import gateway_process as process
import namespace
import web

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "browser")
CHROMIUM = "/usr/bin/chromium"


def node_version():
    if not shutil.which("node"):
        return 0
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    return int(said.stdout.strip().lstrip("v").split(".")[0])


pytestmark = [
    pytest.mark.skipif(node_version() < 20, reason="the clients need Node.js 20"),
    pytest.mark.skipif(not os.path.isdir(os.path.join(FOLDER, "node_modules")),
                       reason="no clients: scripts/check --browser fetches them"),
]


@pytest.fixture(name="scene")
def scene_fixture(machine):
    port = process.free_port()
    url = f"http://localhost:{port}"
    passwords = web.new_application()
    machine.configure(web.relying_parties(url, passwords))
    namespace.write(web.CONFIG, web.gateway_configuration(f"127.0.0.1:{port}"))
    machine.start_daemon()
    described = web.describe(url, passwords)
    web.start(machine)
    path = namespace.SCRATCH + "/scene.json"
    namespace.write(path, json.dumps(described))
    yield path
    passwords.close()


@pytest.mark.parametrize("file", [
    "hanko", "authsignal", "cloudreve", "autional", "schemas",
    pytest.param("chromium", marks=pytest.mark.skipif(not os.path.exists(CHROMIUM),
                                                      reason="no " + CHROMIUM)),
])
def test_clients(scene, file):
    done = subprocess.run(
        ["node", "--test", "--test-reporter=tap", os.path.join(FOLDER, file + ".test.mjs")],
        env={"PATH": os.environ["PATH"], "HOME": namespace.SCRATCH, "PASSKEYD_SCENE": scene},
        capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0 and "\n# pass 0\n" not in done.stdout, done.stdout + done.stderr
