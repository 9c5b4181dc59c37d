# SPDX-License-Identifier: BSD-2-Clause
"""Accounts that are removed and made anew: otherwise whoever gets a free name and uid opens their
account to the passkeys, codes and tickets of whoever had them before."""

import json
import os
import signal
import subprocess

import pexpect
import pytest

import machine as parts
import namespace
from people import directory

HOME = namespace.SCRATCH + "/home/zoe"
ADD = f"useradd -m -d {HOME} zoe"
ADD_SAME = f"useradd -m -u $(cat {namespace.SCRATCH}/zoe-uid) -d {HOME} zoe"
REMOVE = "userdel -r zoe"


def shell(command):
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def uid_of(name):
    with open("/etc/passwd", encoding="utf-8") as file:
        return [int(line.split(":")[2]) for line in file if line.startswith(name + ":")]


@pytest.fixture
def zoe(machine, keys):
    """Her key, which is touched at once, and her recovery codes."""
    shell(ADD)
    namespace.write(namespace.SCRATCH + "/zoe-uid", str(uid_of("zoe")[0]))
    key = keys.add("zoe").set(touch="immediate")
    machine.enrol("zoe")
    key.codes = machine.recovery_codes("zoe")
    yield key
    subprocess.run("userdel -r zoe", shell=True, capture_output=True, check=False)


def key_result(machine, name="zoe"):
    conversation = machine.connect().authenticate(name, service="login", methods="local")
    return str(conversation.run()["result"])


def code_result(machine, code, name="zoe"):
    conversation = machine.connect().authenticate(name, service="login", tty="/dev/tty1",
                                                  methods="recovery")
    kind, _, details = conversation.next()
    if kind == "ask-secret":
        _, _, details = conversation.next(secret=parts.secret(code))
    return str(details.get("result") or details.get("reason"))


def assert_locked_out(machine, key):
    assert key_result(machine) == "no-credentials"
    assert code_result(machine, key.codes[0]) == "no-credentials"


# vipw takes a file for unchanged that was changed in the second of its last change.
OLD = "touch -d '1 hour ago' /etc/passwd"
ROUNDS = {
    "userdel": [REMOVE, ADD_SAME],
    "deluser": ["deluser --quiet zoe", ADD_SAME],
    "sed": ["grep ^zoe: /etc/passwd >/run/tests/line; sed -i /^zoe:/d /etc/passwd",
            "cat /run/tests/line >>/etc/passwd"],
    "in place": ["cp /etc/passwd /run/tests/all; grep -v ^zoe: /run/tests/all >/run/tests/less; "
                 "cat /run/tests/less >/etc/passwd", "cp /run/tests/all /etc/passwd"],
    "vipw": ["cp /etc/passwd /run/tests/all; " + OLD,
             "EDITOR='sed -i /^zoe:/d' vipw >/dev/null; " + OLD,
             "EDITOR='cp /run/tests/all' vipw >/dev/null"],
    "usermod -l": ["usermod -l ada zoe", "usermod -l zoe ada"],
    "usermod -u": ["usermod -u 2999 zoe", "usermod -u $(cat /run/tests/zoe-uid) zoe"],
}


@pytest.mark.parametrize("round_trip", list(ROUNDS))
def test_the_name_and_the_uid_come_again(machine, zoe, round_trip):
    """While the daemon looks on: something is called between the commands."""
    assert key_result(machine) == "ok"
    for command in ROUNDS[round_trip]:
        shell(command)
        machine.connect().call(parts.MANAGER, "Status")
    assert uid_of("zoe")
    assert_locked_out(machine, zoe)
    machine.syslog.wait("account zoe .*is gone")
    machine.syslog.wait("sign-in of zoe .*refused, account-changed")


@pytest.mark.real_programs
def test_faster_than_anybody_looks(machine, zoe):
    """Case 14 of the audit, and the daemon stopped meanwhile: userdel's hook tells."""
    pid = machine.daemon_pid()
    os.kill(pid, signal.SIGSTOP)
    shell(f"{REMOVE}; {ADD_SAME}")
    os.kill(pid, signal.SIGCONT)
    child = machine.terminal("root", ["login", "zoe"])
    assert child.expect([r"\$ ", "Login incorrect"]) == 1
    child.close(force=True)
    assert code_result(machine, zoe.codes[0]) == "no-credentials"


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_while_the_daemon_does_not_run(machine, zoe, how):
    machine.kill_daemon(how)
    shell(f"{REMOVE}; {ADD_SAME}")
    assert_locked_out(machine, zoe)


def test_gone_while_the_daemon_does_not_run(machine, zoe):
    """Seen at start, without any hook: the line is missing then."""
    machine.kill_daemon()
    shell("grep ^zoe: /etc/passwd >/run/tests/line; sed -i /^zoe:/d /etc/passwd")
    machine.start_daemon()
    machine.syslog.wait("account zoe .*is gone")
    shell("cat /run/tests/line >>/etc/passwd")
    assert_locked_out(machine, zoe)


def test_killed_again_and_again_while_it_marks(machine, zoe):
    """At whatever instruction: what was not written is found by the next start."""
    shell(f"{REMOVE}; {ADD_SAME}")
    for _ in range(10):
        machine.kill_daemon()
        child = subprocess.Popen(["gdbus", "call", "--system", "-d", parts.NAME, "-o", parts.PATH,
                                  "-m", parts.MANAGER + ".Status"], stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        while not machine.daemon_pid() and child.poll() is None:
            pass
        machine.kill_daemon()
        child.wait()
    assert_locked_out(machine, zoe)


def test_a_namesake_has_their_own(machine, keys, zoe):
    shell(f"{REMOVE}; {ADD_SAME}")
    assert key_result(machine) == "no-credentials"
    zoe.unplug()
    keys.add("hers").set(touch="immediate")
    machine.enrol("zoe", "blue")
    assert key_result(machine) == "ok"
    # And sees nothing of whoever was there before.
    own = machine.connect().call(parts.CREDENTIALS, "List", "sa{sv}", "zoe", parts.vardict({}))
    assert sorted(each["orphaned"] for each in json.loads(own)) == [False, True]
    mine = machine.run_as("zoe", ["passkeyctl", "list", "--json"])
    assert len(json.loads(mine.stdout)) == 1, mine.stdout


def test_an_enrolment_that_was_begun(machine, keys, zoe):
    """The former owner's key is touched when the account is somebody else's."""
    zoe.unplug()
    other = keys.add("other").set(touch="wait")
    conversation = machine.connect().enroll("zoe", name="late")
    assert conversation.next()[0] == "info"
    other.wait_touch_wanted()
    shell(f"{REMOVE}; {ADD_SAME}")
    assert other.touch()
    assert conversation.run()["result"] != "ok"
    assert key_result(machine) == "no-credentials"


def test_a_ticket_ends_with_the_account(machine, keys, zoe):
    pipe, _ = machine.connect().call(parts.CREDENTIALS, "CreateTicket", "sa{sv}", "zoe",
                                     parts.vardict({}))
    with os.fdopen(pipe.take()) as file:
        ticket = file.read()
    shell(f"{REMOVE}; {ADD_SAME}")
    machine.connect("zoe").fails("TicketInvalid", parts.MANAGER, "Enroll", "sa{sv}", "zoe",
                                 parts.vardict({"ticket": parts.secret(ticket)}))


def test_changes_that_remove_nobody(machine, zoe):
    for command in ("usermod -c 'Zoe the second' zoe", "chsh -s /bin/bash zoe", "useradd ada",
                    "userdel ada", "usermod -d /tmp zoe", "passwd -l zoe",
                    "cp /etc/passwd /run/tests/all; cat /run/tests/all >/etc/passwd"):
        shell(command)
    machine.kill_daemon(signal.SIGTERM)
    assert key_result(machine) == "ok"


# --- adopt ----------------------------------------------------------------------------------------

def test_root_alone_adopts(machine, zoe):
    shell(f"{REMOVE}; {ADD_SAME}")
    assert key_result(machine) == "no-credentials"
    for user in ("zoe", "alice"):
        machine.connect(user).fails("AccessDenied", parts.CREDENTIALS, "Adopt", "sa{sv}", "zoe",
                                    parts.vardict({}))
    refused = machine.run_as("zoe", ["passkeyctl", "adopt", "zoe"])
    assert refused.returncode == 1
    assert key_result(machine) == "no-credentials"
    since = machine.syslog.mark()
    done = subprocess.run(["passkeyctl", "adopt", "zoe", "--json"], capture_output=True, text=True,
                          check=False)
    assert json.loads(done.stdout) == {"ok": True, "passkeys": 1}
    machine.syslog.wait("earlier accounts of that name left for zoe .* by uid 0, ", since)
    assert key_result(machine) == "ok"
    assert code_result(machine, zoe.codes[0]) == "ok"
    done = subprocess.run(["passkeyctl", "adopt", "zoe"], capture_output=True, text=True,
                          check=False)
    assert (done.returncode, "orphaned" in done.stderr) == (1, True)
    machine.connect().fails("UnknownUser", parts.CREDENTIALS, "Adopt", "sa{sv}", "nobody-here",
                            parts.vardict({}))


def test_adopted_under_another_uid(machine, zoe):
    shell("usermod -u 2998 zoe")
    assert key_result(machine) == "no-credentials"
    done = subprocess.run(["passkeyctl", "adopt", "zoe"], capture_output=True, text=True,
                          check=False)
    assert done.stdout == "1 passkey of zoe signs in again.\n", done.stderr
    assert key_result(machine) == "ok"


# --- a directory ----------------------------------------------------------------------------------

@pytest.fixture
def people():
    with directory() as made:
        yield made


@pytest.mark.parametrize("outage", ["away", "unavail", "tryagain", "notfound", "empty"])
def test_an_outage_orphans_nobody(machine, keys, people, outage):
    """However often the daemon is started meanwhile; test_presence has the week."""
    people.add("dora", 3100)
    people.add("dirk", 3101)
    keys.add("dora").set(touch="immediate")
    machine.enrol("dora")
    assert key_result(machine, "dora") == "ok"
    if outage == "away":
        people.away()
    elif outage == "empty":
        for name in ("dora", "dirk"):
            people.remove(name)
    else:
        people.answer("dora", outage)
    for _ in range(10):
        machine.kill_daemon(signal.SIGTERM)
        machine.start_daemon()
        assert key_result_or_error(machine, "dora") != "ok"
    people.add("dora", 3100)
    assert key_result(machine, "dora") == "ok"
    assert "is gone" not in machine.syslog.text()


def key_result_or_error(machine, name):
    """A name service that is away is an error of the call."""
    try:
        return key_result(machine, name)
    except parts.dbus.DBusException as error:
        return error.get_dbus_name()


def test_userdel_and_a_directory(machine, keys, people, zoe):
    """A zoe of the directory is not the one whom userdel removed."""
    people.add("zoe", 3100)
    shell(REMOVE)
    assert key_result(machine) == "no-credentials"
    zoe.unplug()
    keys.add("hers").set(touch="immediate")
    machine.enrol("zoe")
    assert key_result(machine) == "ok"
    machine.kill_daemon(signal.SIGTERM)
    assert key_result(machine) == "ok"


def test_the_hook_never_stops_userdel(machine):
    """Not even where its folder cannot be made."""
    assert os.access("/etc/shadow-maint/userdel-post.d/passkeyd", os.X_OK)
    subprocess.run(["rm", "-rf", "/var/lib/passkey"], check=True)
    namespace.write("/var/lib/passkey", "in the way")
    try:
        shell("useradd ada")
        shell("userdel ada")
    finally:
        os.unlink("/var/lib/passkey")
    shell("useradd ada")
    shell("userdel ada")
    with open("/var/lib/passkey/removed-accounts", encoding="utf-8") as file:
        assert file.read().split()[-1] == "ada"
    info = os.stat("/var/lib/passkey/removed-accounts")
    assert (info.st_uid, info.st_mode & 0o022) == (0, 0)


def test_accounts_are_shown_as_orphans(machine, zoe):
    shell(f"{REMOVE}; {ADD_SAME}")
    child = machine.terminal("root", ["passkeyctl", "status"])
    child.expect("orphaned")
    child.expect(pexpect.EOF)
