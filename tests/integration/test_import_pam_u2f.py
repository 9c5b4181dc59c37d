# SPDX-License-Identifier: BSD-2-Clause
"""What Debian's pamu2fcfg and ssh-keygen made for pam_u2f opens the real sudo without a new
enrolment; what is wrong with a file is named by its line, and such a line changes nothing."""

import base64
import json
import os
import subprocess

import pytest

import machine as parts
import namespace
from apps import Sudo, refuses

pytestmark = pytest.mark.real_programs

PIN = "123456"
FILE = namespace.SCRATCH + "/u2f_keys"


def ctl(machine, *arguments, person="root"):
    return machine.run_as(person, ["passkeyctl", *arguments])


def pamu2fcfg(keys, *options, pin=None, whose=("-u", "alice")):
    """The line that it prints; it asks for a PIN where the credential is to ask for one."""
    program = keys.wrapper("/usr/bin/pamu2fcfg")
    done = subprocess.run([program, *whose, *options], capture_output=True, text=True,
                          input=pin and pin + "\n", timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def write(text, path=FILE):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def import_file(machine, text, *options):
    done = ctl(machine, "import", "pam-u2f", write(text), "--yes", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def passkeys(machine, person="alice"):
    return json.loads(ctl(machine, "list", "--user", person, "--json").stdout)


def old_format(line):
    """The same credential as versions before 1.1 wrote it."""
    user, credential = line.split(":")
    handle, point = credential.split(",")[:2]
    point = b"\x04" + base64.b64decode(point)
    handle = base64.urlsafe_b64encode(base64.b64decode(handle)).decode().rstrip("=")
    return f"{user}:{handle},{point.hex()}"


def touch_opens_sudo(machine, key):
    key.set(touch="wait")
    running = Sudo(machine)
    running.child.expect(Sudo.approving)
    key.wait_touch_wanted()
    assert key.touch()
    assert running.accepted(), running.screen


@pytest.mark.parametrize("options", [(), ("-r",)], ids=["in its handle", "resident"])
def test_made_by_pamu2fcfg(machine, keys, options):
    key = keys.add("blue")
    if "-r" in options:
        key.set_pin(PIN)
    line = pamu2fcfg(keys, *options, pin=PIN if "-r" in options else None)
    shown = import_file(machine, line + "\n")
    assert f'{FILE}:1: alice: imported as "pam-u2f"' in shown
    (before,) = passkeys(machine)
    assert before["imported"] == "pam-u2f" and before["rpId"].startswith("pam://web1")
    assert before["discoverable"] == ("-r" in options) == ("idUnknown" in before)
    touch_opens_sudo(machine, key)
    (after,) = passkeys(machine)
    assert "idUnknown" not in after and after["lastUsed"] > 0
    touch_opens_sudo(machine, key)
    assert (after["credentialId"] != before["credentialId"]) == ("-r" in options)


def opens_sudo_with_pin(machine):
    running = Sudo(machine)
    running.child.expect("PIN")
    running.child.sendline(PIN)
    assert running.accepted(), running.screen


def test_old_format_of_an_old_key(machine, keys):
    """U2F keys, which the first versions were for, have no RP id but its hash."""
    key = keys.add("blue", version="u2f")
    import_file(machine, old_format(pamu2fcfg(keys)) + "\n")
    touch_opens_sudo(machine, key)


def test_resident_ones_of_two_people_in_one_key(machine, keys):
    """The key does not say whose answer is whose: each is tried, and only alice's counts."""
    key = keys.add("blue").set_pin(PIN)
    lines = [pamu2fcfg(keys, "-r", pin=PIN, whose=("-u", person))
             for person in ("bob", "alice", "carol")]
    import_file(machine, "".join(line + "\n" for line in lines))
    touch_opens_sudo(machine, key)
    assert machine.results() == [("sudo", "alice", "success")]
    assert passkeys(machine)[0]["lastUsed"] > 0 == passkeys(machine, "bob")[0]["lastUsed"]


def test_resident_one_of_somebody_else(machine, keys):
    """A key that holds another's credential of that RP id signs, and is refused."""
    blue = keys.add("blue").set_pin(PIN)
    line = pamu2fcfg(keys, "-r", pin=PIN)
    blue.unplug()
    keys.add("green").set_pin(PIN)
    pamu2fcfg(keys, "-r", pin=PIN, whose=("-u", "bob"))
    import_file(machine, line + "\n")
    refuses(machine, Sudo(machine), "auth_err", "")
    assert "idUnknown" in passkeys(machine)[0]


def discourage_verification(machine):
    machine.configure("[rp default]\nuser-verification = discouraged\n")
    machine.kill_daemon(15)


def test_a_pin_that_was_asked_for_stays(machine, keys):
    """+pin: a touch alone was never enough for that credential."""
    key = keys.add("blue").set_pin(PIN)
    line = pamu2fcfg(keys, "-N", pin=PIN)
    assert "+pin" in line
    import_file(machine, line + "\n")
    discourage_verification(machine)
    key.set(touch="immediate")
    opens_sudo_with_pin(machine)
    assert passkeys(machine)[0]["verificationRequired"]


def test_verification_that_was_asked_for_stays(machine, keys):
    """+verification: the key's own, which newer versions make with such keys alone."""
    key = keys.add("blue", uv=True)
    line = pamu2fcfg(keys, "-V")
    assert "+verification" in line
    import_file(machine, line + "\n")
    discourage_verification(machine)
    key.set(fingerprint="wait")
    running = Sudo(machine)
    key.wait("fingerprint-wanted")
    assert key.fingerprint(True)
    assert running.accepted(), running.screen
    assert passkeys(machine)[0]["verificationRequired"]


def test_several_credentials_and_people(machine, keys):
    blue = keys.add("blue")
    first = pamu2fcfg(keys)
    blue.unplug()
    green = keys.add("green")
    second = pamu2fcfg(keys, whose=("-n",))
    other = pamu2fcfg(keys, whose=("-u", "bob"))
    shown = import_file(machine, f"# keys\n\n{first}{second}\r\n{other}\n")
    assert "3 imported, 0 there already, 0 skipped, 0 not possible." in shown
    assert [each["name"] for each in passkeys(machine)] == ["pam-u2f", "pam-u2f 2"]
    touch_opens_sudo(machine, green)
    green.unplug()
    touch_opens_sudo(machine, blue.plug())


def test_the_file_of_one_person_is_for_that_account(machine, keys):
    """Whoever writes it chooses the names in it: --user takes the lines of that name alone."""
    key = keys.add("blue")
    mine, of_root = pamu2fcfg(keys), pamu2fcfg(keys, whose=("-u", "root"))
    shown = import_file(machine, f"{of_root}\n{mine}\n", "--user", "alice")
    assert f"{FILE}:1: root: skipped: it is another user's than --user says" in shown
    assert "1 imported, 0 there already, 1 skipped, 0 not possible." in shown
    assert passkeys(machine, "root") == [] and len(passkeys(machine)) == 1
    touch_opens_sudo(machine, key)


def test_another_origin(machine, keys):
    key = keys.add("blue")
    line = pamu2fcfg(keys, "-o", "pam://fleet", "-i", "pam://fleet")
    import_file(machine, line + "\n", "--rp-id", "pam://fleet")
    touch_opens_sudo(machine, key)


def test_sshformat(machine, keys):
    """ssh-keygen's file has the key handle: the key in this machine is asked, without an agent."""
    key = keys.add("blue")
    path = namespace.SCRATCH + "/id_ecdsa_sk"
    done = subprocess.run([keys.wrapper("/usr/bin/ssh-keygen"), "-q", "-t", "ecdsa-sk", "-N", "",
                           "-f", path], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    with open(path, encoding="ascii") as file:
        text = file.read()
    refused = ctl(machine, "import", "pam-u2f", path, "--yes")
    assert refused.returncode == 1 and "does not say whose" in refused.stdout
    import_file(machine, text, "--user", "alice")
    touch_opens_sudo(machine, key)


def test_what_is_wrong_is_named_and_nothing_of_its_line_is_imported(machine, keys):
    keys.add("blue")
    good = pamu2fcfg(keys)
    handle, point = good.split(":")[1].split(",")[:2]
    bad_point = base64.b64encode(bytes(64)).decode()
    shown = ctl(machine, "import", "pam-u2f", write("\n".join([
        "no colon at all",
        f"alice:{handle},{bad_point},es256,+presence",
        good + f":{handle},{point},es256,+unknown",
        f"bob:{handle},{point},es999,+presence",
        f"nobody-there:{handle},{point},es256,+presence",
        f"carol:{handle},{point},es256,+presence",
        f"dave:{handle}",
    ])), "--yes")
    assert shown.returncode == 1
    lines = shown.stdout
    assert f"{FILE}:1: no colon at all: cannot be imported: there is no credential" in lines
    assert f"{FILE}:2: alice: " in lines
    assert f"{FILE}:3: alice: cannot be imported: an option is none of" in lines
    assert f"{FILE}:4: bob: cannot be imported: the type of the key" in lines
    assert f'{FILE}:5: nobody-there: cannot be imported: no such account' in lines
    assert f'{FILE}:6: carol: imported as "pam-u2f"' in lines
    assert f"{FILE}:7: dave: cannot be imported: a credential is keyHandle" in lines
    assert passkeys(machine) == [] and len(passkeys(machine, "carol")) == 1


def test_a_dry_run_changes_nothing(machine, keys):
    keys.add("blue")
    line = pamu2fcfg(keys)
    shown = ctl(machine, "import", "pam-u2f", write(line), "--dry-run", "--json")
    assert shown.returncode == 0
    found = json.loads(shown.stdout)
    assert found["possible"] == 1 and found["imported"] == 0 and found["dryRun"]
    assert found["lines"] == [{"line": 1, "user": "alice", "outcome": "possible",
                               "name": "pam-u2f"}]
    assert passkeys(machine) == []
    asked = ctl(machine, "import", "pam-u2f", write(line))
    assert asked.returncode == 1 and "There is no terminal to ask on" in asked.stderr
    assert passkeys(machine) == []
    terminal = machine.terminal("root", ["passkeyctl", "import", "pam-u2f", write(line)])
    terminal.expect("can be imported as")
    terminal.expect("Import what can be imported")
    terminal.sendline("n")
    terminal.expect("Nothing was imported")
    terminal.wait()
    assert passkeys(machine) == []


def test_what_is_there_already_is_told(machine, keys):
    keys.add("blue")
    line = pamu2fcfg(keys)
    import_file(machine, line)
    shown = ctl(machine, "import", "pam-u2f", write(line), "--yes")
    assert shown.returncode == 0
    assert 'is there already: this passkey is enrolled already, as "pam-u2f"' in shown.stdout
    assert len(passkeys(machine)) == 1
    other = ctl(machine, "import", "pam-u2f", write(line.replace("alice:", "bob:")), "--yes")
    assert other.returncode == 1 and "Another account has this credential" in other.stdout
    assert passkeys(machine, "bob") == []


def test_the_limit_of_an_account_holds(machine, keys):
    keys.add("blue")
    lines = [pamu2fcfg(keys).split(":")[1] for _ in range(3)]
    machine.configure("[limits]\ncredentials-per-account = 2\n")
    machine.kill_daemon(15)
    shown = ctl(machine, "import", "pam-u2f", write("alice:" + ":".join(lines)), "--yes")
    assert shown.returncode == 1 and "credentials-per-account" in shown.stdout
    assert len(passkeys(machine)) <= 2


def test_only_root(machine, keys):
    keys.add("blue")
    line = pamu2fcfg(keys)
    os.chmod(write(line), 0o644)
    refused = ctl(machine, "import", "pam-u2f", FILE, "--yes", person="alice")
    assert refused.returncode == 1 and "Only root" in refused.stderr
    message = machine.connect("alice").fails(
        "AccessDenied", parts.CREDENTIALS, "Import", "sssa{sv}", "alice", "pam-u2f",
        line.split(":")[1], parts.vardict({"rpId": "pam://web1"}))
    assert "only root" in message


@pytest.mark.parametrize("rp_id", ["web1.example.org", "pam://", "pam://a b", ""])
def test_rp_ids_that_are_none_of_pam_u2f(machine, keys, rp_id):
    keys.add("blue")
    line = pamu2fcfg(keys)
    refused = ctl(machine, "import", "pam-u2f", write(line), "--yes", "--rp-id", rp_id)
    assert refused.returncode == 1 and "RP id" in refused.stdout
    assert passkeys(machine) == []


def test_no_new_credential_has_such_an_rp_id(machine, keys):
    """The configuration refuses it, in words, and so nothing can be enrolled with it."""
    keys.add("blue")
    machine.configure("[rp default]\nid = pam://web1\n")
    done = machine.run_as("root", ["passkeyd", "--check-config"])
    assert done.returncode != 0
    assert "pam:// ids are those of imported passkeys only" in done.stderr + done.stdout
