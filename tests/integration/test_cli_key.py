# SPDX-License-Identifier: BSD-2-Clause
"""passkeyctl key: a person looks after a security key with no other tool, and no daemon."""

import json
import os
import re
import subprocess
import unicodedata

import pexpect
import pytest

pytestmark = pytest.mark.real_programs

PIN = "123456"
CTL = "/usr/bin/passkeyctl"


@pytest.fixture
def quiet_keys(machine, keys):
    """No bus activation: nothing of this needs the daemon."""
    machine.activatable(False)
    yield keys
    machine.activatable(True)


def helper(keys):
    return {"PASSKEY_AUTHENTICATOR": keys.wrapper("/usr/libexec/passkey/passkey-authenticator")}


def run(keys, *arguments):
    return subprocess.run([CTL, "key", *arguments], env={**os.environ, **helper(keys)}, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False,
                          start_new_session=True)


def shown(keys, *arguments):
    done = run(keys, *arguments, "--json")
    assert done.returncode == 0, done
    return json.loads(done.stdout)


def terminal(machine, keys, *arguments):
    return machine.terminal("root", [CTL, "key", *arguments], **helper(keys))


def dialogue(child, *steps):
    """Answers in turn; what was shown, and the exit status."""
    seen = []
    for pattern, answer in steps:
        child.expect(pattern)
        seen.append(child.before + child.after)
        child.sendline(answer)
    child.expect(pexpect.EOF)
    seen.append(child.before)
    child.close()
    return "".join(seen), child.exitstatus


# What there is

def test_list_and_info(quiet_keys):
    assert shown(quiet_keys, "list") == []
    assert "No security key is plugged in" in run(quiet_keys, "list").stderr
    quiet_keys.add("blue", product="Blue", manufacturer="Maker").set_pin(PIN, tries=5)
    quiet_keys.add("old", product="Old", version="u2f")
    first, second = sorted(shown(quiet_keys, "list"), key=lambda each: each["product"])
    assert (first["product"], first["pinSet"], first["pinTriesLeft"], first["residentKeysLeft"]) \
        == ("Blue", True, 5, 25)
    assert first["ctap2"] and not second["ctap2"] and not second["pinSupported"]
    text = run(quiet_keys, "list").stdout
    assert "Blue" in text and "firmware 5.4.3; PIN set, 5 tries left" in text and "U2F only" in text
    assert "room for 25 more" in text
    text = run(quiet_keys, "info", "Blue").stdout
    assert re.search(r"PIN +set\n", text) and re.search(r"PIN tries left +5\n", text), text
    assert shown(quiet_keys, "info", first["path"]) == first


def test_a_pin_that_must_be_changed_is_shown(quiet_keys):
    quiet_keys.add("blue", force_pin_change=True, min_pin_length=6).set_pin(PIN)
    (key,) = shown(quiet_keys, "list")
    assert key["pinMustBeChanged"] and key["pinLengthMin"] == 6
    assert "PIN must be changed" in run(quiet_keys, "list").stdout


@pytest.mark.parametrize("arguments, code, text", [
    ((), 2, "a command is expected"),
    (("bogus",), 2, "unknown command: key bogus"),
    (("list", "blue"), 2, "too many arguments"),
    (("info", "a", "b"), 2, "too many arguments"),
    (("info", "--yes"), 2, "does not take the option --yes"),
    (("info",), 1, "No security key is plugged in"),
    (("info", "nosuch"), 1, "No security key is plugged in"),
])
def test_wrong_usage(quiet_keys, arguments, code, text):
    done = run(quiet_keys, *arguments)
    assert (done.returncode, text in done.stderr) == (code, True), done
    assert done.stdout == ""


def test_help(quiet_keys):
    for arguments in (("--help",), ("list", "--help")):
        done = run(quiet_keys, *arguments)
        assert done.returncode == 0 and done.stdout.startswith("Usage: passkeyctl key"), done


def test_a_helper_that_does_not_run(quiet_keys):
    done = subprocess.run([CTL, "key", "list", "--json"], text=True, capture_output=True,
                          env={**os.environ, "PASSKEY_AUTHENTICATOR": "/bin/false"}, timeout=60,
                          check=False)
    assert done.returncode == 3 and json.loads(done.stdout)["reason"] == "unavailable", done


# The PIN

def test_set_and_change(machine, quiet_keys):
    key = quiet_keys.add("blue", product="Blue")
    text, code = dialogue(terminal(machine, quiet_keys, "set-pin"),
                          ("New PIN.*: ", "123"), ("at least 4.*New PIN.*: ", "1234"),
                          ("once more: ", "1235"), ("not the same.*New PIN.*: ", PIN),
                          ("once more: ", PIN))
    assert code == 0 and "has its PIN" in text, text
    assert "1234" not in text and PIN not in text
    assert run(quiet_keys, "set-pin").returncode == 1
    text, code = dialogue(terminal(machine, quiet_keys, "change-pin"),
                          ("has now: ", "000000"), ("New PIN.*: ", "7654321"),
                          ("once more: ", "7654321"))
    assert code == 1 and "Wrong PIN: 7 tries left" in text, text
    text, code = dialogue(terminal(machine, quiet_keys, "change-pin"),
                          ("has now: ", PIN), ("New PIN.*: ", "7654321"),
                          ("once more: ", "7654321"))
    assert code == 0 and "has its new PIN" in text, text
    assert key.info()["pin_tries"] == 8


def test_a_new_pin_is_set_composed(machine, quiet_keys):
    """As it will be typed on any other keyboard."""
    pin = "\u00e4\u00f6\u00fc\u00df"
    quiet_keys.add("blue")
    typed = unicodedata.normalize("NFD", pin)
    assert dialogue(terminal(machine, quiet_keys, "set-pin"), ("New PIN.*: ", typed),
                    ("once more: ", pin))[1] == 0
    assert dialogue(terminal(machine, quiet_keys, "change-pin"), ("has now: ", pin),
                    ("New PIN.*: ", PIN), ("once more: ", PIN))[1] == 0


def test_a_pin_that_must_be_changed_is_changed(machine, quiet_keys):
    """It may be shorter than what the key demands by now."""
    quiet_keys.add("blue", force_pin_change=True, min_pin_length=8).set_pin("1234")
    text, code = dialogue(terminal(machine, quiet_keys, "change-pin"), ("has now: ", "1234"),
                          ("at least 8 characters: ", "1234567"),
                          ("at least 8 and.*New PIN.*: ", "12345678"), ("once more: ", "12345678"))
    assert code == 0, text
    assert not shown(quiet_keys, "info")["pinMustBeChanged"]


def test_the_last_tries_are_confirmed(machine, quiet_keys):
    key = quiet_keys.add("blue").set_pin(PIN, tries=2)
    text, code = dialogue(terminal(machine, quiet_keys, "change-pin"),
                          ("Only 2 PIN tries are left", "no"))
    assert code == 1 and key.info()["pin_tries"] == 2, text


@pytest.mark.parametrize("command, refused", [
    ("set-pin", "change-pin"), ("change-pin", "set-pin"), ("set-pin", "U2F only")])
def test_what_does_not_apply_says_what_does(quiet_keys, command, refused):
    key = quiet_keys.add("blue", version="u2f" if refused == "U2F only" else "2.1")
    if refused == "change-pin":
        key.set_pin(PIN)
    done = run(quiet_keys, command)
    assert done.returncode == 1 and refused in done.stderr, done


@pytest.mark.parametrize("command", ["set-pin", "change-pin", "reset"])
def test_without_a_terminal_nothing_is_done(quiet_keys, command):
    key = quiet_keys.add("blue")
    if command == "change-pin":
        key.set_pin(PIN)
    done = run(quiet_keys, command, "--json")
    answer = json.loads(done.stdout)
    assert done.returncode == 1 and answer["reason"] == "denied", done
    assert "no terminal" in answer["message"]


# Which of two

def test_two_of_one_model_are_told_apart_by_a_touch(machine, quiet_keys):
    quiet_keys.add("left", product="Twin").set(touch="wait")
    right = quiet_keys.add("right", product="Twin").set(touch="wait")
    left_path, right_path = sorted(each["path"] for each in shown(quiet_keys, "list"))
    done = run(quiet_keys, "info", "Twin")
    assert done.returncode == 1 and "More than one" in done.stderr, done
    child = terminal(machine, quiet_keys, "info")
    child.expect("Several security keys.*Twin, .*Twin, .*Touch the one that is meant")
    right.wait_touch_wanted()
    assert right.touch()
    child.expect(pexpect.EOF)
    assert (left_path in child.before, right_path in child.before) == (False, True), child.before


def let_be_seen(keys):
    """Longer than a helper takes to look again; where it has not looked, nothing fails."""
    for _ in range(8):
        assert "No such security key" in run(keys, "info", "nosuch").stderr


def test_the_touched_one_is_meant_whatever_is_pulled_out_or_plugged_in(machine, quiet_keys):
    """The places in the list move; at the place of the touched key another one may be by then."""
    ours = {name: quiet_keys.add(name, product=name).set(touch="wait")
            for name in ("Red", "Green", "Blue")}
    order = [each["product"] for each in shown(quiet_keys, "list")]
    for gone, meant in ((order[0], order[1]), (order[0], order[2])):
        child = terminal(machine, quiet_keys, "info")
        child.expect("Touch the one that is meant")
        ours[meant].wait_touch_wanted()
        ours[gone].unplug()
        let_be_seen(quiet_keys)
        assert ours[meant].touch()
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == 0, child.before
        assert re.search(rf"product +{meant}\b", child.before), child.before
        ours[gone].plug()
        order = [each["product"] for each in shown(quiet_keys, "list")]


def test_a_key_that_is_pulled_out_while_another_is_asked_is_listed_still(machine, quiet_keys):
    """And the names stay with the keys that they belong to."""
    ours = {name: quiet_keys.add(name, product=name).set(touch="wait") for name in ("Red", "Green")}
    order = [each["product"] for each in shown(quiet_keys, "list")]
    child = terminal(machine, quiet_keys, "info")
    child.expect("Touch the one that is meant")
    ours[order[0]].wait_touch_wanted()
    with subprocess.Popen([CTL, "key", "list", "--json"], env={**os.environ, **helper(quiet_keys)},
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as listing:
        ours[order[0]].wait("opened")  # and waits for its turn
        ours[order[1]].unplug()
        let_be_seen(quiet_keys)
        assert ours[order[0]].touch()
        found = json.loads(listing.communicate(timeout=60)[0])
    child.expect(pexpect.EOF)
    assert [each["product"] for each in found] == order
    assert ["error" in each for each in found] == [False, True]


# Reset

def test_reset(machine, quiet_keys):
    key = quiet_keys.add("blue", product="Blue").set_pin(PIN).set(touch="immediate")
    child = terminal(machine, quiet_keys, "reset")
    child.expect("EVERY passkey on it.*Type the word \"reset\".*: ")
    child.sendline("reset")
    child.expect("Pull this security key out now")
    key.unplug()
    child.expect("Plug it in again")
    key.plug()
    child.expect("as it was when it was new")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert not shown(quiet_keys, "info")["pinSet"]


@pytest.mark.parametrize("word", ["", "yes", "y", "RESET", "Reset it"])
def test_another_word_resets_nothing(machine, quiet_keys, word):
    quiet_keys.add("blue").set_pin(PIN)
    text, code = dialogue(terminal(machine, quiet_keys, "reset"), ("Type the word.*: ", word))
    assert code == 1 and "Nothing was reset" in text, text
    assert shown(quiet_keys, "info")["pinSet"]


def test_a_key_that_refuses_a_reset(machine, quiet_keys):
    """CTAP 2.1 section 6.6: more than ten seconds after power-up."""
    key = quiet_keys.add("blue", late_for_reset=True).set_pin(PIN)
    child = terminal(machine, quiet_keys, "reset")
    child.expect("Type the word.*: ")
    child.sendline("reset")
    child.expect("Pull this security key out now")
    key.unplug()
    child.expect("Plug it in again")
    key.plug()
    child.expect("only within 10 seconds of being plugged in")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 1
    assert shown(quiet_keys, "info")["pinSet"]
