# SPDX-License-Identifier: BSD-2-Clause
"""An answer is for the server whose host key the connection has: no relay gets in with it.

A hostile server relays what the real one asks, by whatever name, port or mistake of the person's it
is reached; the honest cases beside it still sign in. Each with the real ssh and sshd, by
passkey-ssh, which sees the key in use, and by the three lines of passkey-ssh(1), which rely on
known_hosts.
"""

import json
import os
import re
import subprocess

import pexpect
import pytest

import forward
import hostile
import machine as parts
import namespace
import ssh

pytestmark = pytest.mark.real_programs

HOST = namespace.HOST
ONCE = ["-o", "PreferredAuthentications=keyboard-interactive", "-o", "NumberOfPasswordPrompts=1"]
THREE_LINES = {"SSH_ASKPASS": "/usr/bin/passkey-askpass", "SSH_ASKPASS_REQUIRE": "force"}
TOUCH = "(?i)touch your security key"
NOT_THE_SERVERS = "is not a host key of the server that"
CANNOT_BE_TOLD = "cannot be told"
OTHER_KEY = ssh.FOLDER + "/other_key"
AUTHORITY = ssh.FOLDER + "/authority"

by_both = pytest.mark.parametrize("how", ["passkey-ssh", "three lines"])


def key(path, kind="ed25519"):
    if not os.path.exists(path):
        ssh.keygen("-t", kind, "-f", path)
    return path


def fingerprint(path):
    shown = subprocess.run(["ssh-keygen", "-l", "-f", path + ".pub"], text=True, check=True,
                           capture_output=True).stdout
    return shown.split()[1]


class Scene:
    """alice's key is in the laptop; the real server is on 127.0.1.1, port 22 and 3022."""

    addresses = ("127.0.1.1",)

    def __init__(self, machine, keys):
        self.machine = machine
        self.key = keys.add("blue")
        machine.configure()
        machine.enrol("alice", "blue")
        self.key.set(touch="wait")
        self.server = ssh.Server(machine, addresses=self.addresses)
        self.laptop = ssh.Laptop(machine, keys)
        self.relays = []
        key(ssh.EVIL_KEY)

    def configure(self, text=""):
        self.machine.configure(text)
        self.machine.kill_daemon()

    def relay(self, address="127.0.1.1", port=2222, target=("127.0.1.1", 22)):
        self.relays.append(hostile.Relay(address, port, ssh.EVIL_KEY, target=target))
        return self.relays[-1]

    def go(self, how, *arguments, **variables):
        program = ["passkey-ssh"] if how == "passkey-ssh" else ["ssh"]
        return self.laptop.terminal(
            [*program, *ONCE, *arguments, "id", "-un"],
            **({} if how == "passkey-ssh" else THREE_LINES), **variables)

    def refused(self, child, words):
        """Without a touch; the relay gets nothing, neither does the recovery code follow."""
        child.expect("REFUSED")
        child.expect(words)
        child.expect(r"\(alice@\S+\) Recovery code.*: ")
        shown = child.before
        child.sendline("")
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == 255
        assert not self.key.info()["touch_wanted"]
        for relay in self.relays:
            assert not relay.inside and not any(relay.stolen)
        return shown

    def got_in(self, child):
        child.expect(TOUCH)
        self.key.wait_touch_wanted()
        assert self.key.touch()
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == 0 and child.before.split()[-1] == "alice", child.before


@pytest.fixture
def hosts():
    """The hostile host has a name."""
    old = open("/etc/hosts", encoding="ascii").read()
    namespace.write("/etc/hosts", old + f"{ssh.EVIL_ADDRESS} {ssh.EVIL}\n")
    yield
    namespace.write("/etc/hosts", old)


def furnish(machine, keys, kind=Scene):
    scene = kind(machine, keys)
    try:
        with scene.laptop.helper():
            scene.configure()
            yield scene
    finally:
        for relay in scene.relays:
            relay.close()


@pytest.fixture
def scene(machine, keys, hosts):
    yield from furnish(machine, keys)


def test_the_relay_works(scene):
    """With a client that does not compare keys it gets in: the other tests prove something."""
    relay = scene.relay()
    scene.laptop.know(f"[{HOST}]:2222", key=ssh.EVIL_KEY)
    scene.configure("[rp default]\nssh-host-keys = /none\n")
    scene.key.set(touch="immediate")
    child = scene.go("passkey-ssh", "-p", "2222", "alice@" + HOST)
    child.expect(pexpect.EOF)
    assert relay.inside
    scene.machine.syslog.wait("no ssh host key of this host is known", facility=parts.AUTHPRIV)


# ---- relays ----


@by_both
def test_between_two_ports(scene, how):
    """The relay's own key was accepted for its port, as one does of a container."""
    scene.relay()
    scene.laptop.know(f"[{HOST}]:2222", key=ssh.EVIL_KEY)
    shown = scene.refused(scene.go(how, "-p", "2222", "alice@" + HOST), NOT_THE_SERVERS)
    assert "ssh-host-keys" in shown


@by_both
def test_between_two_hosts(scene, how):
    """The name would be refused by the server as well; the person is not even asked."""
    scene.relay(ssh.EVIL_ADDRESS, 22)
    scene.laptop.know(ssh.EVIL, key=ssh.EVIL_KEY)
    shown = scene.refused(scene.go(how, "alice@" + ssh.EVIL), NOT_THE_SERVERS)
    assert "yes/no" not in shown


class Elsewhere(Scene):
    """The real server is out of the way of a relay on its own name and port."""

    addresses = ("127.0.0.1",)


@by_both
def test_after_an_accepted_false_host_key(machine, keys, hosts, how):
    """The first connection led to the relay, and its key was believed: ssh itself sees nothing."""
    for scene in furnish(machine, keys, Elsewhere):
        scene.relay("127.0.1.1", 22, target=("127.0.0.1", 22))
        scene.laptop.write(".ssh/known_hosts", f"{HOST} {ssh.public_key(ssh.EVIL_KEY)}\n")
        scene.refused(scene.go(how, "alice@" + HOST), NOT_THE_SERVERS)


@by_both
def test_with_a_shared_alias(scene, how):
    """Both keys stand under one HostKeyAlias."""
    scene.relay()
    scene.laptop.know(HOST, key=ssh.EVIL_KEY)
    scene.refused(scene.go(how, "-p", "2222", "-o", "HostKeyAlias=" + HOST, "alice@" + HOST),
                  NOT_THE_SERVERS)


@by_both
def test_with_a_pattern_that_covers_both(scene, how):
    scene.relay()
    scene.laptop.know(f"[{HOST}]:*", key=ssh.EVIL_KEY)
    scene.laptop.know(f"[{HOST}]:*")
    scene.refused(scene.go(how, "-p", "2222", "alice@" + HOST), NOT_THE_SERVERS)


@by_both
def test_with_read_only_known_hosts(scene, how):
    """The relay's key is accepted and not written down; the bare name is the real one's."""
    scene.relay()
    os.chmod(scene.laptop.home + "/.ssh/known_hosts", 0o400)
    shown = scene.refused(
        scene.go(how, "-p", "2222", "-o", "StrictHostKeyChecking=no", "alice@" + HOST),
        NOT_THE_SERVERS if how == "passkey-ssh" else CANNOT_BE_TOLD)
    assert how == "passkey-ssh" or "no key under that very name" in shown


@by_both
def test_without_known_hosts(scene, how):
    scene.relay()
    scene.refused(scene.go(how, "-p", "2222", "-o", "StrictHostKeyChecking=no", "-o",
                           "UserKnownHostsFile=/dev/null", "alice@" + HOST),
                  NOT_THE_SERVERS if how == "passkey-ssh" else CANNOT_BE_TOLD)


@by_both
def test_with_no_host_authentication_for_localhost(scene, how):
    """No key is looked at, and localhost is known as the real one."""
    scene.relay("127.0.0.1")
    scene.laptop.know("[localhost]:2222")
    shown = scene.refused(
        scene.go(how, "-p", "2222", "-o", "NoHostAuthenticationForLocalhost=yes",
                 "alice@localhost"), CANNOT_BE_TOLD)
    assert "NoHostAuthenticationForLocalhost" in shown


def test_with_a_command_of_the_persons_own(scene):
    """It accepts the relay's key; known_hosts has the real one's only."""
    scene.relay()
    command = scene.laptop.write("keys", f"#!/bin/sh\necho \"[{HOST}]:2222 "
                                 f"{ssh.public_key(ssh.EVIL_KEY)}\"\n", 0o755)
    for how, words in (("passkey-ssh", NOT_THE_SERVERS), ("three lines", "your KnownHostsCommand")):
        scene.refused(scene.go(how, "-p", "2222", "-o", f"KnownHostsCommand={command}",
                               "alice@" + HOST), words)


@by_both
def test_through_a_configuration_that_changes_its_mind(scene, how):
    """"Match exec" decides otherwise when ssh -G asks again: the port in use tells."""
    scene.relay()
    scene.laptop.know(f"[{HOST}]:2222", key=ssh.EVIL_KEY)
    mark = scene.laptop.home + "/mark"
    # passkey-ssh asks once more, before ssh itself does.
    turns = 2 if how == "passkey-ssh" else 1
    scene.laptop.write(
        ".ssh/config", f"Match exec \"echo >>{mark}; test $(wc -l <{mark}) -le {turns}\"\n"
        f"    Port 2222\n")
    scene.refused(scene.go(how, "alice@" + HOST),
                  NOT_THE_SERVERS if how == "passkey-ssh" else CANNOT_BE_TOLD)


def changed(change):
    """A relay's rewriting of the request in a prompt."""

    def rewrite(text):
        line = forward.find(text)
        return text.replace(line, forward.encode_request(change(forward.decode_request(line)))) \
            if line else text

    return rewrite


def with_keys(request, *keys, version=2):
    context = {**json.loads(request["context"]), "hostkeys": list(keys)}
    return {**request, "version": version,
            "context": json.dumps(context, separators=(",", ":"), sort_keys=True)}


@by_both
@pytest.mark.parametrize("name, change", [
    ("its own key", lambda request: with_keys(request, fingerprint(ssh.EVIL_KEY))),
    ("its own key as well", lambda request: with_keys(
        request, *forward.host_keys(request), fingerprint(ssh.EVIL_KEY))),
    ("turned back", lambda request: with_keys(request, version=1)),
    ("turned back to what it was", lambda request: {
        **request, "version": 1, "context": re.sub(r'"hostkeys":\[[^]]*\],', "",
                                                   request["context"])})])
def test_what_is_signed_says_what_the_client_saw(scene, how, name, change):
    """The relay changes the list on the way: the signature is for another challenge."""
    relay = scene.relay()
    relay.rewrite = changed(change)
    scene.laptop.know(f"[{HOST}]:2222", key=ssh.EVIL_KEY)
    scene.key.set(touch="immediate")
    child = scene.go(how, "-p", "2222", "alice@" + HOST)
    child.expect(pexpect.EOF)
    assert relay.stolen[0].startswith("passkey1:") and not relay.inside, name
    scene.machine.syslog.wait("refused, challenge-mismatch ", facility=parts.AUTHPRIV)


@pytest.mark.parametrize("change", [
    lambda request: {**request, "version": 1},  # with the list
    lambda request: with_keys(request),  # without a key
    lambda request: with_keys(request, "SHA256:" + "A" * 42),
    lambda request: with_keys(request, *(f"SHA256:{number:042}A" for number in range(65)))])
def test_lists_that_are_not_in_order(scene, change):
    scene.relay().rewrite = changed(change)
    scene.laptop.know(f"[{HOST}]:2222", key=ssh.EVIL_KEY)
    scene.refused(scene.go("passkey-ssh", "-p", "2222", "alice@" + HOST), "not in order")


def test_an_older_version_is_not_taken(scene):
    """Of what the server asked by version 2, an answer by version 1 with a good signature."""
    from relying_party import register
    own = forward.Credential()
    register(scene.machine.connect(), "alice", own)

    def handler(_title, _instructions, prompts):
        answers = []
        for text, _echo in prompts:
            request = forward.find(text) and forward.decode_request(forward.find(text))
            answers.append(forward.encode_answer(forward.answer_fields(
                {**request, "version": 1}, "ssh://" + HOST, own))[0] if request else "")
            assert not request or request["version"] == 2
        return answers

    assert not hostile.sign_in(("127.0.1.1", 22), "alice", handler)
    scene.machine.syslog.wait("refused, challenge-mismatch ", facility=parts.AUTHPRIV)


# ---- who is believed ----


def relayed(scene, command):
    """Whether a server gets in that writes the prefix itself, with a client that runs askpass."""

    def handler(_title, _instructions, prompts):
        answers = []
        for text, _echo in prompts:
            done = scene.laptop.run([*command, f"(alice@{HOST}) {text}"])
            handler.errors += done.stderr
            answers.append(done.stdout.strip() if forward.find(text) else "")
        return answers

    handler.errors = ""
    scene.key.set(touch="immediate")
    inside = hostile.sign_in(("127.0.1.1", 22), "alice", handler)
    return inside, handler.errors


def test_a_prefix_from_any_program(scene):
    """Only ssh writes it; another client hands on what the server wrote."""
    run = "import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:]).returncode)"
    for command in (["/usr/bin/python3", "-c", run, "passkey-askpass"],
                    ["/bin/sh", "-c", "passkey-askpass \"$0\"; exit $?"],
                    ["passkey-askpass"]):
        inside, errors = relayed(scene, command)
        assert not inside and "only an ssh of OpenSSH 8.5" in errors, command
    assert not scene.key.info()["touch_wanted"]


def test_a_prefix_from_a_program_called_ssh(scene):
    """Which is the person's own, or root's and no OpenSSH."""
    run = "import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:]).returncode)"
    own, roots = scene.laptop.home + "/ssh", ssh.FOLDER + "/roots/ssh"
    python = os.path.realpath("/usr/bin/python3")
    os.makedirs(os.path.dirname(roots), exist_ok=True)
    for path in (own, roots):
        with open(python, "rb") as file:
            content = file.read()
        with open(path, "wb") as file:
            file.write(content)
        os.chmod(path, 0o755)
    os.chown(own, os.stat(scene.laptop.home).st_uid, -1)
    for path in (own, roots):
        inside, errors = relayed(scene, [path, "-c", run, "passkey-askpass"])
        assert not inside and "only an ssh of OpenSSH 8.5" in errors, path


def test_a_shell_between(scene):
    """An SSH_ASKPASS of the person's own that calls passkey-askpass."""
    script = scene.laptop.write("askpass", "#!/bin/sh\n/usr/bin/passkey-askpass \"$@\"\n"
                                "exit $?\n", 0o755)
    child = scene.laptop.terminal(["ssh", *ONCE, "alice@" + HOST, "id", "-un"],
                                  SSH_ASKPASS=script, SSH_ASKPASS_REQUIRE="force")
    scene.got_in(child)


# ---- honest servers ----


@by_both
def test_the_key_under_the_bare_name_only(scene, how):
    """On another port: ssh accepts it without a line of its own."""
    scene.server = ssh.Server(scene.machine, port=3022, addresses=Scene.addresses)
    child = scene.go(how, "-p", "3022", "alice@" + HOST)
    if how == "passkey-ssh":
        scene.got_in(child)
    else:
        assert "passkey-ssh" in scene.refused(child, CANNOT_BE_TOLD)


@by_both
@pytest.mark.parametrize("port", [22, 3022])
def test_the_key_under_the_very_name(scene, how, port):
    if port != 22:
        scene.server = ssh.Server(scene.machine, port=port, addresses=Scene.addresses)
        scene.laptop.know(f"[{HOST}]:{port}")
    scene.got_in(scene.go(how, "-p", str(port), "alice@" + HOST))


@by_both
def test_hashed_names(scene, how):
    done = scene.laptop.run(["ssh-keygen", "-q", "-H", "-f",
                             scene.laptop.home + "/.ssh/known_hosts"])
    assert done.returncode == 0 and HOST not in scene.laptop.read(".ssh/known_hosts")
    scene.got_in(scene.go(how, "alice@" + HOST))


@by_both
def test_a_first_connection(scene, how):
    scene.laptop.write(".ssh/known_hosts", "")
    scene.got_in(scene.go(how, "-o", "StrictHostKeyChecking=accept-new", "alice@" + HOST))


@by_both
def test_a_certificate(scene, how):
    """The key that it certifies is what counts."""
    key(AUTHORITY)
    ssh.keygen("-s", AUTHORITY, "-I", "web1", "-h", "-n", HOST, ssh.HOST_KEY + ".pub")
    scene.server = ssh.Server(scene.machine, f"HostCertificate {ssh.HOST_KEY}-cert.pub\n",
                              port=3022, addresses=Scene.addresses)
    scene.laptop.write(".ssh/known_hosts", f"@cert-authority *.example.org,[*.example.org]:* "
                       f"{ssh.public_key(AUTHORITY)}\n")
    child = scene.go(how, "-p", "3022", "alice@" + HOST)
    if how == "passkey-ssh":
        scene.got_in(child)
    else:
        scene.refused(child, "certificate authority")


@by_both
def test_a_pool_of_servers(scene, how):
    """Two keys behind one name; each server lists both."""
    scene.laptop.know(HOST, key=key(OTHER_KEY, "ecdsa"))
    if how == "three lines":
        scene.refused(scene.go(how, "alice@" + HOST), NOT_THE_SERVERS)
    file = ssh.FOLDER + "/pool.pub"
    namespace.write(file, f"# the others\n{ssh.public_key(OTHER_KEY)} other\n")
    os.chmod(ssh.FOLDER, 0o755)
    for others in (file, fingerprint(OTHER_KEY)):
        scene.configure(f"[rp default]\nssh-host-keys = /etc/ssh/ssh_host_*_key.pub, {others}\n")
        scene.got_in(scene.go(how, "alice@" + HOST))


@by_both
def test_a_key_that_was_revoked(scene, how):
    """ssh does not accept it any more, whatever else is said of it."""
    other = ssh.public_key(key(OTHER_KEY, "ecdsa"))
    with open(scene.laptop.home + "/.ssh/known_hosts", "a", encoding="ascii") as file:
        file.write(f"{HOST} {other}\n@revoked * {other}\n")
    scene.got_in(scene.go(how, "alice@" + HOST))


def test_the_persons_own_command(scene):
    """passkey-ssh runs it behind its own, as the person wrote it."""
    command = scene.laptop.write(
        "keys", f"#!/bin/sh\nprintf '%s|' \"$@\" >>$HOME/asked\necho >>$HOME/asked\n"
        f"echo \"{HOST} {ssh.public_key()}\"\n", 0o755)
    scene.laptop.write(".ssh/config", f"KnownHostsCommand {command} %I \"a b\" %%x %H\n")
    scene.laptop.write(".ssh/known_hosts", "")
    scene.got_in(scene.go("passkey-ssh", "-o", "StrictHostKeyChecking=yes", "alice@" + HOST))
    asked = scene.laptop.read("asked").splitlines()
    assert f"HOSTNAME|a b|%x|{HOST}|" in asked, asked


@pytest.mark.parametrize("command", ["/bin/false", "/nowhere/at/all"])
def test_a_command_that_fails(scene, command):
    """As without passkey-ssh: one that fails ends the connection, a missing one does not."""
    with_it = scene.go("passkey-ssh", "-o", f"KnownHostsCommand={command}", "alice@" + HOST)
    if command == "/bin/false":
        with_it.expect("KnownHostsCommand failed")
    else:
        scene.got_in(with_it)


def test_the_hook_in_the_persons_configuration(scene):
    """The line of passkey-ssh(1): the three lines then see the key in use too."""
    scene.relay()
    scene.laptop.know(f"[{HOST}]:2222", key=ssh.EVIL_KEY)
    scene.laptop.write(".ssh/config", "KnownHostsCommand /usr/libexec/passkey/passkey-hostkey "
                       "%I %K\n")
    scene.server = ssh.Server(scene.machine, port=3022, addresses=Scene.addresses)
    for how in "three lines", "passkey-ssh":
        scene.got_in(scene.go(how, "-p", "3022", "alice@" + HOST))
        scene.refused(scene.go(how, "-p", "2222", "alice@" + HOST), NOT_THE_SERVERS)


def test_the_hook_always_exits_with_0(scene):
    """Any other exit would end the connection."""
    hook = "/usr/libexec/passkey/passkey-hostkey"
    for arguments in ((), ("ORDER", "NONE"), ("HOSTNAME",), ("HOSTNAME", "NONE"),
                      ("HOSTNAME", "A" * 100000), ("HOSTNAME", ssh.public_key().split()[1]),
                      ("HOSTNAME", "x", "--"), ("HOSTNAME", "x", "--", "/nowhere")):
        for runtime in (scene.laptop.runtime, "/proc/nowhere"):
            done = scene.laptop.run([hook, *arguments], {"XDG_RUNTIME_DIR": runtime})
            assert done.returncode == 0 and not done.stdout, (arguments, done)


def test_records_do_not_pile_up(scene):
    """One of a process that is gone goes with the next connection."""
    folder = scene.laptop.runtime + "/passkey"
    for _ in range(3):
        scene.got_in(scene.go("passkey-ssh", "alice@" + HOST))
        kept = os.listdir(folder)
        assert len(kept) == 1 and re.fullmatch(r"hostkey-\d+-\d+", kept[0])
        assert os.stat(f"{folder}/{kept[0]}").st_mode & 0o777 == 0o600


@pytest.mark.parametrize("program", ["passkey-scp", "passkey-sftp"])
def test_copies_on_another_port(scene, program):
    """The key is known by the bare name only: the hook is there for scp and sftp too."""
    scene.server = ssh.Server(scene.machine, port=3022, addresses=Scene.addresses)
    scene.laptop.write("file", "from the laptop\n")
    words = [program, *ONCE, "-P", "3022"]
    command = [*words, "file", f"alice@{HOST}:copy"] if program == "passkey-scp" else \
        ["sh", "-c", f"echo put file copy | {' '.join(words)} alice@{HOST}"]
    child = scene.laptop.terminal(command)
    child.expect(TOUCH)
    scene.key.wait_touch_wanted()
    assert scene.key.touch()
    child.expect(pexpect.EOF)
    child.close()
    copy = f"{namespace.SCRATCH}/home/alice/copy"
    assert child.exitstatus == 0 and os.path.exists(copy), child.before
    os.unlink(copy)
