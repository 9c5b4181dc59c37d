# SPDX-License-Identifier: BSD-2-Clause
"""The recommended settings of sshd, and what the real one does at its own limits."""

import os
import re
import subprocess

import pytest

import forward
import namespace
import ssh
import ssh_login

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
SOURCE = TOP + "/etc/sshd_config.d/passkey.conf"
COMMANDS = r"#?([A-Z][A-Za-z]+)\s+\S"


@pytest.fixture
def host_key(quiet_machine):
    os.makedirs(ssh.FOLDER, exist_ok=True)
    os.makedirs("/run/sshd", exist_ok=True)
    if not os.path.exists(ssh.HOST_KEY):
        ssh.keygen("-t", "ed25519", "-f", ssh.HOST_KEY)
    return ssh.HOST_KEY


def sshd(host_key, config, *arguments):
    path = ssh.FOLDER + "/try"
    namespace.write(path, config + f"\nHostKey {host_key}\n")
    return subprocess.run(["/usr/sbin/sshd", *arguments, "-f", path], text=True,
                          capture_output=True, check=False)


def read(path=ssh.FRAGMENT):
    with open(path, encoding="utf-8") as file:
        return file.read()


def test_sshd_understands_the_fragment(host_key):
    done = sshd(host_key, read(), "-t")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    shown = sshd(host_key, read(), "-T").stdout.splitlines()
    for line in ("usepam yes", "kbdinteractiveauthentication yes", "maxauthtries 6",
                 "logingracetime 150", "maxstartups 60:30:120"):
        assert line in shown


def test_sshd_understands_what_is_in_comments(host_key):
    """Each example on its own; those of later versions only where this sshd has them."""
    examples = re.findall(r"^#([A-Z][A-Za-z]+ \S.*(?:\n#    [A-Z].*)*)$", read(), re.MULTILINE)
    examples = [each.replace("\n#", "\n") for each in examples
                if re.match(r"(PasswordAuthentication|AuthenticationMethods|Match|PerSource\w+|"
                            r"AllowAgentForwarding) ", each)]
    assert len(examples) == 7, examples
    for example in examples:
        done = sshd(host_key, "UsePAM yes\n", "-t")
        assert done.returncode == 0
        path = ssh.FOLDER + "/try"
        namespace.write(path, f"UsePAM yes\nHostKey {host_key}\n{example}\n")
        done = subprocess.run(["/usr/sbin/sshd", "-t", "-f", path], text=True,
                              capture_output=True, check=False)
        too_new = "Bad configuration option: PerSourcePenal" in done.stderr
        assert done.returncode == 0 or too_new, done.stderr


def test_the_fragment_is_not_active_by_being_installed():
    """sshd's own folder has nothing of ours."""
    assert not [name for name in os.listdir("/etc/ssh/sshd_config.d")] \
        if os.path.isdir("/etc/ssh/sshd_config.d") else True


@pytest.mark.real_programs
@pytest.mark.skipif(ssh.version() < (9, 8), reason="PerSourcePenalties came with OpenSSH 9.8")
def test_penalties(machine):
    """Wrong answers from an address hold it off for a while, and nobody else."""
    scene = ssh_login.Scene(machine)
    scene.server.stop()
    scene.server = ssh.Server(machine, penalties="PerSourcePenalties authfail:10s min:15s\n"
                              "PerSourceNetBlockSize 32:128\n")
    for _ in range(2):
        attempt = scene.attempt()
        prompt = scene.asked()
        ssh_login.send(prompt, ssh_login.fields(scene, prompt.request, "ssh://evil"))
        assert attempt.refused()
    attempt = scene.attempt()
    assert attempt.end() is None
    assert re.search("Connection (closed|reset)|Not allowed at this time", attempt.errors)
    machine.syslog.wait("penalty: failed authentication", facility=ssh.AUTH)
    attempt = scene.attempt("alice@127.0.0.1", "-b", "127.0.0.7")
    prompt = scene.asked()
    ssh_login.send(prompt, forward.answer_fields(prompt.request, "ssh://127.0.0.1", scene.key))
    assert attempt.end() == "alice", attempt.errors
    scene.askpass.close()
