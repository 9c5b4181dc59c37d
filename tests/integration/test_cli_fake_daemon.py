# SPDX-License-Identifier: BSD-2-Clause
"""passkey-enroll and passkeyctl against tests/unit/fake_daemon.py on a bus of their own."""

import json
import os
import pwd
import re
import select
import signal
import subprocess
import termios

import pexpect
import pytest

SOURCE = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
SELF = pwd.getpwuid(os.getuid()).pw_name
PATIENCE = 30
BLUE = {"credentialId": "AbCdEfGhIjKlMnOp", "user": SELF, "uid": 0, "rp": "default",
        "name": "blue key", "alg": -7, "created": 1700000000, "lastUsed": 0, "signCount": 3,
        "attestationType": "Self", "trusted": "unknown", "transports": ["usb"]}
GREEN = dict(BLUE, credentialId="QrStUvWxYz012345", name="gr\u00fcn", lastUsed=1700000500)


class FakeDaemon:
    """A bus that can start the fake daemon, and the programs of the build."""

    def __init__(self, folder, passkeys, status):
        config = folder / "bus.conf"
        config.write_text(
            f"<busconfig><type>session</type><listen>unix:path={folder}/socket</listen>"
            f"<servicedir>{folder}</servicedir><policy context='default'>"
            "<allow send_destination='*' eavesdrop='true'/><allow eavesdrop='true'/>"
            "<allow own='*'/></policy></busconfig>\n")
        self.log = folder / "log"
        (folder / "org.passkeyd.service").write_text(
            "[D-BUS Service]\nName=org.passkeyd\n"
            f"Exec=/bin/sh -c 'exec /usr/bin/python3 {SOURCE}/tests/unit/fake_daemon.py "
            f"2>>{self.log}'\n")
        self.environment = dict(os.environ, TERM="xterm", LC_ALL="C.UTF-8", TZ="UTC",
                                DBUS_SYSTEM_BUS_ADDRESS=f"unix:path={folder}/socket")
        self.environment.pop("NO_COLOR", None)
        reader, writer = os.pipe()
        self.bus = subprocess.Popen(
            ["dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile", "--nosyslog",
             f"--print-address={writer}"], pass_fds=[writer], stderr=subprocess.DEVNULL,
            env=dict(os.environ, FAKE_LIST=json.dumps(passkeys), FAKE_STATUS=json.dumps(status)))
        os.close(writer)
        assert select.select([reader], [], [], PATIENCE)[0] and os.read(reader, 1)
        os.close(reader)

    def close(self):
        self.bus.kill()
        self.bus.wait()

    @staticmethod
    def program(name):
        return os.path.join(os.environ["top_builddir"], "client", name)

    def run(self, name, *arguments, **keywords):
        """Without a terminal at all."""
        return subprocess.run([self.program(name), *arguments], env=self.environment, text=True,
                              capture_output=True, timeout=PATIENCE, check=False,
                              start_new_session=True, stdin=subprocess.DEVNULL, **keywords)

    def spawn(self, name, *arguments, **variables):
        """On a terminal."""
        return pexpect.spawn(self.program(name), list(arguments), timeout=PATIENCE,
                             encoding="utf-8", env=dict(self.environment, **variables))

    def logged(self):
        return self.log.read_text() if self.log.exists() else ""


@pytest.fixture
def make(tmp_path):
    started = []

    def build(passkeys=(), status=None):
        started.append(FakeDaemon(tmp_path, list(passkeys), status or {"version": "0.1.0"}))
        return started[-1]

    yield build
    for each in started:
        each.close()


@pytest.fixture(autouse=True)
def build_folder():
    if not os.path.exists(FakeDaemon.program("passkeyctl") if "top_builddir" in os.environ else ""):
        pytest.skip("top_builddir names no build")


def finished(child):
    child.expect(pexpect.EOF)
    child.close()
    return child.exitstatus


def test_list(make):
    fake = make([BLUE, GREEN])
    result = fake.run("passkeyctl", "list")
    assert result.returncode == 0
    assert result.stdout.splitlines() == [
        "NAME      ID            CREATED           LAST USED",
        "blue key  AbCdEfGhIjKl  2023-11-14 22:13  never",
        "gr\u00fcn      QrStUvWxYz01  2023-11-14 22:13  2023-11-14 22:21",
    ]
    assert json.loads(fake.run("passkeyctl", "list", "--json").stdout) == [BLUE, GREEN]


def test_an_empty_list_says_how_to_begin(make):
    result = make().run("passkeyctl", "list")
    assert result.returncode == 0 and "passkey-enroll" in result.stderr and not result.stdout


def test_a_hostile_name_cannot_write_to_the_terminal(make):
    result = make([dict(BLUE, name="a\x1b[2Jb\u202e")]).run("passkeyctl", "list")
    assert "a?[2Jb?" in result.stdout and "\x1b" not in result.stdout


def test_show(make):
    fake = make([BLUE, GREEN])
    assert json.loads(fake.run("passkeyctl", "show", "QrSt", "--json").stdout) == GREEN
    assert re.search(r"^name +gr\u00fcn$", fake.run("passkeyctl", "show", "gr\u00fcn").stdout,
                     re.MULTILINE)
    shown = fake.run("passkeyctl", "show", "blue key").stdout
    assert re.search("^algorithm +ES256$", shown, re.MULTILINE), shown
    assert re.search("^attested +by itself, not checked$", shown, re.MULTILINE), shown
    assert re.search("^reached by +USB$", shown, re.MULTILINE), shown
    assert "credentialId" not in shown and "-7" not in shown
    missing = fake.run("passkeyctl", "show", "red", "--json")
    assert missing.returncode == 1
    assert json.loads(missing.stdout)["reason"] == "not-found"


def test_rename(make):
    fake = make([BLUE])
    assert fake.run("passkeyctl", "rename", "blue key", "old blue").returncode == 0
    assert f"rename {SELF} AbCdEfGhIjKlMnOp old blue" in fake.logged()
    taken = fake.run("passkeyctl", "rename", "AbCdE", "taken")
    assert taken.returncode == 1 and taken.stderr == "That name is taken [9]\n"


def test_removing_one_of_two_does_not_ask(make):
    fake = make([BLUE, GREEN])
    assert fake.run("passkeyctl", "remove", "blue key").stdout == "Removed.\n"
    assert f"remove {SELF} AbCdEfGhIjKlMnOp" in fake.logged()


@pytest.mark.parametrize("other", [[], [dict(GREEN, orphaned=True)], [dict(GREEN, rp="corp")]])
def test_removing_the_last_asks(make, other):
    fake = make([BLUE, *other])
    refused = fake.run("passkeyctl", "remove", "blue key")
    assert refused.returncode == 1 and "--yes" in refused.stderr
    for answer in ("n", "", "x"):
        child = fake.spawn("passkeyctl", "remove", "blue key")
        child.expect("last passkey.*N\\]")
        child.sendline(answer)
        assert finished(child) == 1
    assert "remove" not in fake.logged()
    child = fake.spawn("passkeyctl", "remove", "blue key")
    child.expect("N\\]")
    child.sendline("yes")
    assert finished(child) == 0
    assert "remove" in fake.logged()


def test_removing_the_last_with_yes(make):
    fake = make([BLUE])
    assert fake.run("passkeyctl", "remove", "blue key", "--yes").returncode == 0
    assert "remove" in fake.logged()


def test_recovery_codes(make):
    result = make().run("passkeyctl", "recovery-codes", "--yes", "--json")
    assert json.loads(result.stdout) == {"ok": True,
                                         "codes": [f"code-{number}" for number in range(10)]}


def test_ticket(make):
    fake = make()
    result = fake.run("passkeyctl", "ticket", "--user", "alice", "--json")
    assert json.loads(result.stdout) == {"ok": True, "ticket": "ticket-for-alice",
                                         "expires": 1234567890}


def test_passkeyctl_test(make):
    fake = make()
    result = fake.run("passkeyctl", "test", "--user", "touch")
    assert (result.returncode, result.stderr) == (0, "Touch it\n")
    result = fake.run("passkeyctl", "test", "--user", "quiet", "--json")
    assert result.returncode == 1
    assert json.loads(result.stdout)["reason"] == "no-match"
    assert result.stderr.splitlines() == ["chat", "Touch it", "wrong key"]


def test_the_context_of_a_test(make):
    result = make().run("passkeyctl", "test", "--user", "context", "--uv", "required", "--rp", "x",
                        "--timeout", "5")
    assert result.stderr.splitlines() == ["rp=x", "service=passkeyctl", "timeout=5", "uv=required"]


def test_the_pin_is_not_echoed(make):
    child = make().spawn("passkeyctl", "test", "--user", "pin")
    child.expect("PIN for the key: ")
    child.sendline("correct horse")
    shown = child.read()
    child.close()
    assert child.exitstatus == 0 and "correct" not in shown and "Touch it" in shown


def test_without_a_terminal_the_pin_is_declined(make):
    result = make().run("passkeyctl", "test", "--user", "pin")
    assert result.returncode == 1 and "no terminal" in result.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_interrupted_at_the_pin_the_terminal_is_put_back(make, number):
    fake = make()
    child = fake.spawn("passkeyctl", "test", "--user", "pin")
    child.expect("PIN for the key: ")
    assert not termios.tcgetattr(child.child_fd)[3] & termios.ECHO
    child.kill(number)
    child.expect(pexpect.EOF)
    echo = termios.tcgetattr(child.child_fd)[3] & termios.ECHO
    child.close()
    assert child.exitstatus == 130 and echo


def test_interrupted_while_waiting(make):
    child = make().spawn("passkeyctl", "test", "--user", "silent")
    child.expect("Touch it")
    child.sendintr()
    assert finished(child) == 130


def test_colour_only_where_it_is_wanted(make):
    fake = make()
    for variables, coloured in (({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True),
                                ({"TERM": "dumb"}, False)):
        child = fake.spawn("passkeyctl", "test", "--user", "quiet", **variables)
        shown = child.read()
        child.close()
        assert ("\x1b[" in shown) == coloured


def test_enroll(make, tmp_path):
    fake = make()
    result = fake.run("passkey-enroll", "--user", "enrolled", "--name", "blue")
    assert result.returncode == 0
    assert 'Enrolled "blue" for enrolled.' in result.stdout
    assert "passkeyctl test" in result.stdout and "pam-auth-update" in result.stdout
    result = fake.run("passkey-enroll", "--user", "enrolled", "--json")
    assert json.loads(result.stdout) == {"ok": True, "credential": {"name": "blue"},
                                         "correlation": "c0ffee"}
    (tmp_path / "ticket").write_text("enrolled\n")
    result = fake.run("passkey-enroll", "--user", "x", "--ticket-file", str(tmp_path / "ticket"))
    assert result.returncode == 0
    result = fake.run("passkey-enroll", "--ticket-file", "/nonexistent")
    assert result.returncode == 1


def test_the_options_of_enroll(make):
    result = make().run("passkey-enroll", "--user", "context", "--name", "n", "--uv", "discouraged",
                        "--no-resident", "--rp", "r", "--timeout", "7")
    assert result.stderr.splitlines() == ["name=n", "resident=discouraged", "rp=r", "timeout=7",
                                          "uv=discouraged"]


def test_refusals_are_passed_on(make):
    fake = make()
    result = fake.run("passkey-enroll", "--user", "refused")
    assert (result.returncode, result.stderr) == (1, "Not for you? [17]\n")
    result = fake.run("passkey-enroll", "--user", "dies", "--json")
    assert result.returncode == 3 and json.loads(result.stdout)["reason"] == "unavailable"


@pytest.mark.parametrize("seconds, good", [("59", False), ("60", True), ("86400", True),
                                           ("86401", False), ("172800", False)])
def test_lifetime_of_a_ticket(make, seconds, good):
    result = make().run("passkeyctl", "ticket", "--user", "alice", "--lifetime", seconds)
    assert result.returncode == (0 if good else 2)
    assert good or "60 to 86400" in result.stderr and not result.stdout


@pytest.mark.parametrize("words", [
    ["passkeyctl"], ["passkeyctl", "frobnicate"], ["passkeyctl", "show"],
    ["passkeyctl", "list", "x"], ["passkeyctl", "list", "--yes"], ["passkeyctl", "list", "--bogus"],
    ["passkeyctl", "test", "--uv", "sometimes"], ["passkeyctl", "test", "--timeout", "0"],
    ["passkeyctl", "ticket", "--user", "x", "--lifetime", "-1"],
    ["passkeyctl", "test", "--timeout", "99999999999"], ["passkey-enroll", "x"],
    ["passkeyctl", "test", "--timeout", "99999"], ["passkeyctl", "test", "--timeout", "601"],
    ["passkeyctl", "test", "--host", "bad host;rm"], ["passkey-enroll", "--timeout", "601"],
    ["passkey-enroll", "--resident=yes"], ["passkey-enroll", "--all"],
    ["passkey-enroll", "--name"]])
def test_wrong_usage(make, words):
    result = make().run(*words)
    assert result.returncode == 2 and "--help" in result.stderr and not result.stdout


def test_an_option_that_verify_has_not_is_named(make):
    result = make().run("passkeyctl", "verify", "--bogus")
    assert result.returncode == 2 and "--bogus" in result.stderr, result
    assert "--jobs" not in result.stderr


def test_help_and_version(make):
    fake = make()
    for program in ("passkeyctl", "passkey-enroll"):
        usage = fake.run(program, "--help").stdout
        assert usage.startswith("Usage: " + program)
        assert max(map(len, usage.splitlines())) <= 80
        assert fake.run(program, "--version").stdout.startswith("passkeyd ")
    for words in (["list", "--help"], ["list", "-h"], ["help", "list"]):
        usage = fake.run("passkeyctl", *words).stdout
        assert usage.startswith("Usage: passkeyctl list ") and "--all" in usage
        assert "--lifetime" not in usage and max(map(len, usage.splitlines())) <= 80
    whole = fake.run("passkeyctl", "help").stdout
    assert whole == fake.run("passkeyctl", "-h").stdout and "  check" in whole
    assert fake.run("passkey-enroll", "-h").stdout.startswith("Usage: passkey-enroll")
    assert fake.run("passkeyctl", "help", "verify").stdout.startswith("Usage: passkeyctl verify")
    assert fake.run("passkeyctl", "help", "nothing").returncode == 2


@pytest.mark.parametrize("words", [
    ["bogus"], [], ["list", "--bogus"], ["list", "extra"], ["list", "--yes"],
    ["ticket"], ["help", "bogus"], ["test", "--uv", "never"]])
def test_wrong_usage_as_json(make, words):
    result = make().run("passkeyctl", *words, "--json")
    assert result.returncode == 2 and not result.stderr, result
    answer = json.loads(result.stdout)
    assert answer["ok"] is False and answer["reason"] == "wrong-usage" and answer["message"]


# What was given, and the rule that it breaks, are in the text.
@pytest.mark.parametrize("words, told", [
    (["passkeyctl", "test", "--timeout", "0"], '--timeout takes 1 to 600 seconds, not "0"'),
    (["passkeyctl", "test", "--timeout", "9s"], '--timeout takes 1 to 600 seconds, not "9s"'),
    (["passkeyctl", "ticket", "--user", "x", "--lifetime", "59"],
     '--lifetime takes 60 to 86400 seconds, not "59"'),
    (["passkeyctl", "test", "--uv", "never"], 'required, preferred or discouraged, not "never"'),
    (["passkeyctl", "list", "--yes"], "this command does not take the option --yes"),
    (["passkeyctl", "rename", "blue"], "rename takes 2 arguments, not 1: passkeyctl rename"),
    (["passkeyctl", "rename", "blue", b"\xff"], 'the argument "?" is not UTF-8 text'),
    (["passkeyctl", "remove", b"\xff"], 'the argument "?" is not UTF-8 text'),
    (["passkeyctl", "list", "--user", b"\xff"], '--user "?" is not UTF-8 text'),
    (["passkeyctl", "list", "--rp", b"\xff"], '--rp "?" is not UTF-8 text'),
    (["passkey-enroll", "--name", b"\xff"], '--name "?" is not UTF-8 text'),
    (["passkey-enroll", "--name", "x" * 5000], "--name has 5000 bytes, and at most"),
    (["passkey-enroll", "blue"], 'only options are taken, not "blue"')])
def test_wrong_usage_names_the_rule(make, words, told):
    fake = make()
    result = fake.run(*words)
    assert result.returncode == 2 and told in result.stderr, result
    assert f"Try '{words[0]} --help'." in result.stderr and not result.stdout
    result = fake.run(*words, "--json")
    assert result.returncode == 2 and not result.stderr, result
    assert told in json.loads(result.stdout)["message"]


@pytest.mark.parametrize("words", [["show", "nothing"], ["rename", "nothing", "x"],
                                   ["remove", "nothing"]])
def test_a_passkey_that_is_not_there_is_named(make, words):
    result = make().run("passkeyctl", *words)
    assert result.returncode == 1
    assert 'no passkey of the name or id "nothing". "passkeyctl list"' in result.stderr, result


def test_a_ticket_is_for_somebody(make):
    result = make().run("passkeyctl", "ticket")
    assert result.returncode == 2 and "passkeyctl ticket USER" in result.stderr


def test_no_daemon(make):
    fake = make()
    fake.close()
    for words in (["passkeyctl", "list"], ["passkey-enroll"], ["passkeyctl", "test"]):
        result = fake.run(*words, "--json")
        assert result.returncode == 3 and json.loads(result.stdout)["reason"] == "unavailable"
    result = fake.run("passkeyctl", "check", "--json")
    checks = {each["check"]: each for each in json.loads(result.stdout)["checks"]}
    assert result.returncode == 2 and checks["bus"]["state"] == "fail" and checks["bus"]["mend"]
    # What follows from it is said, each with what mends it.
    for name in ("daemon", "polkit", "logind"):
        assert checks[name]["state"] == "fail" and "dbus" in checks[name]["mend"], checks[name]


def findings(result):
    """What check found, by its name and state."""
    found = {}
    for each in json.loads(result.stdout)["checks"]:
        found.setdefault(each["check"], []).append((each["state"], each["text"]))
        assert each["state"] in ("ok", "note", "warn", "fail")
        assert each["state"] == "ok" or each.get("mend"), each
    return found


def check_of(make, **status):
    status = {"version": "0.1.0", "authenticator": {"program": "/x", "present": True, "runs": True},
              "relyingParties": [], "accounts": [], **status}
    return findings(make(status=status).run("passkeyctl", "check", "--json"))


def test_check_of_the_helper(make):
    helper = {"program": "/x/helper", "present": True, "runs": False, "failure": "it ends with 3"}
    assert check_of(make, authenticator=helper)["authenticator"] == [
        ("fail", "the daemon's helper /x/helper does not run: it ends with 3; no key is asked")]


@pytest.mark.parametrize("source,problem,state", [
    ("configured", None, None), ("recorded", None, None), ("generated", None, "note"),
    ("recorded", "is a bare name", "warn"), ("configured", "is a public suffix", "warn")])
def test_check_of_ids(make, source, problem, state):
    rp = {"name": "default", "id": "the-id", "idSource": source}
    if problem:
        rp["idProblem"] = problem
    found = check_of(make, relyingParties=[rp]).get("id", [])
    assert [each[0] for each in found] == ([state] if state else [])
    assert all("the-id" in text and (problem or "made for this host") in text for _, text in found)


@pytest.mark.parametrize("passkeys,codes,warned", [(1, 0, True), (2, 0, False), (1, 10, False)])
def test_check_of_the_last_way_in(make, passkeys, codes, warned):
    account = {"user": SELF, "passkeys": passkeys, "recoveryCodes": codes, "orphaned": False}
    assert ("account" in check_of(make, accounts=[account])) == warned


def test_check(make):
    fake = make(status={
        "version": "0.1.0", "authenticator": {"program": "/x/helper", "present": False},
        "accounts": [{"user": SELF, "passkeys": 2, "orphaned": False},
                     {"user": "gone", "passkeys": 1, "orphaned": True}]})
    result = fake.run("passkeyctl", "check", "--json")
    checks = json.loads(result.stdout)
    states = {each["check"]: each["state"] for each in checks["checks"]}
    assert (states["bus"], states["daemon"], states["polkit"]) == ("ok", "ok", "warn")
    assert (states["authenticator"], states["account"], states["passkeys"]) == \
        ("fail", "warn", "ok")
    assert result.returncode == 2 and checks["ok"] is False and checks["state"] == "critical"
    assert "mend:" in fake.run("passkeyctl", "check").stdout


def test_status(make):
    status = {"version": "0.1.0", "relyingParties": [{"name": "default", "id": "web1.example"}],
              "polkit": True, "accounts": [{"user": "gone", "rp": "default", "passkeys": 1,
                                            "recoveryCodes": 0, "orphaned": True}]}
    fake = make(status=status)
    assert json.loads(fake.run("passkeyctl", "status", "--json").stdout) == status
    shown = fake.run("passkeyctl", "status").stdout
    assert "web1.example" in shown and "orphaned" in shown
