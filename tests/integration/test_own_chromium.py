# SPDX-License-Identifier: BSD-2-Clause
"""One's own passkeys in Debian's Chromium, with its virtual authenticator.

Were this broken, people could not look after their passkeys, whatever the calls say.
"""

import json
import os
import re
import subprocess

import pytest

import held
import machine as parts
import namespace
import own
import pages
import test_browser_pages as browser
import test_http_clients as clients

pytestmark = browser.pytestmark
HOME = "/passkey"
FRESH = 300  # PK_PAGE_SESSION_FRESH


@pytest.fixture(name="site")
def site_fixture(machine):
    return pages.Site(machine, "self-service = yes\n")


@pytest.fixture(name="blue")
def blue_fixture(machine, site):
    return own.enrol(machine, "alice", origin=site.origin, name="blue")


@pytest.fixture(name="green")
def green_fixture(machine, site, blue):
    return own.enrol(machine, "alice", origin=site.origin, name="green")


def device(*passkeys, resident=True, **options):
    kept = [browser.held(each) | {"isResidentCredential": resident} for each in passkeys]
    return {"hold": [{name: value for name, value in each.items()
                      if resident or name != "userHandle"} for each in kept], **options}


def run(script, wish):
    done = subprocess.run(["node", os.path.join(clients.FOLDER, script)],
                          input=json.dumps(wish), text=True, capture_output=True, check=False,
                          timeout=browser.PATIENCE,
                          env={"PATH": os.environ["PATH"], "HOME": namespace.SCRATCH})
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert result["problems"] == [], result
    return result


def browse(site, steps, *devices, **wish):
    wish |= {"home": site.origin + HOME, "steps": steps, "devices": devices or [device()]}
    if "PASSKEYD_PICTURES" in os.environ:
        name = os.environ["PYTEST_CURRENT_TEST"].split("::")[1].split(" ")[0]
        wish["picture"] = os.path.join(os.environ["PASSKEYD_PICTURES"],
                                       re.sub("[^a-zA-Z0-9.]+", "-", name))
    result = run("own.mjs", wish)
    assert not any(each["wide"] for each in result["seen"]), result
    return result


def suggest(site, *steps):
    return run("suggest.mjs", {"home": site.origin + HOME, "steps": steps})["seen"]


def test_rename_remove_and_add(site, blue, green):
    result = browse(site, [["sign-in"], ["rename", "green", "my <b>phone</b>"],
                           ["plug", 1], ["remove", "blue"], ["plug", 2], ["add"], ["sign-out"]],
                    device(blue), device(green), device())
    home, listed, renamed, _, removed, _, added, out = result["seen"]
    assert not home["signedIn"] and listed["names"] == ["blue", "green"]
    assert (renamed["note"], renamed["names"]) == ("renamed", ["blue", "my <b>phone</b>"])
    assert (removed["note"], removed["names"]) == ("removed", ["my <b>phone</b>"])
    assert (added["note"], added["names"]) == ("added", ["my <b>phone</b>", "passkey"])
    assert out["note"] == "signed-out" and not out["signedIn"]
    name = own.name_of
    unknown = [facts["credentialId"] for what, facts in result["signals"]
               if what == "signalUnknownCredential"]
    accepted = [facts for what, facts in result["signals"]
                if what == "signalAllAcceptedCredentials"]
    assert unknown == [name(blue)]
    assert accepted[0]["allAcceptedCredentialIds"] == [name(blue), name(green)]
    assert accepted[2]["allAcceptedCredentialIds"] == [name(green)]
    assert all(facts["userId"] == blue.user_handle for facts in accepted)


@pytest.mark.parametrize("options", [{"transport": "internal"}, {"transport": "usb"},
                                     {"transport": "usb", "hasUserVerification": False,
                                      "hasResidentKey": False}],
                         ids=["internal", "usb", "usb, neither resident nor verifying"])
def test_add(site, blue, options):
    """And sign in with it, by name where it has to be."""
    resident = options.get("hasResidentKey", True)
    again = ["sign-in"] if resident else ["sign-in", "alice"]
    result = browse(site, [["sign-in"], ["plug", 1], ["add"], ["sign-out"], again],
                    device(blue), device(**options))
    assert result["seen"][3]["names"] == ["blue", "passkey"], result
    assert result["seen"][5]["signedIn"], result


def test_a_signature_first(later, site, blue):
    """Where the last one was long ago. The first authenticator has a passkey of the account, so
    that it proves who is there and makes none."""
    result = browse(site, [["sign-in"], ["later", held.AHEAD, FRESH], ["add"], ["plug", 1],
                           ["add"]], device(blue), device())
    _, _, _, proved, _, added = result["seen"]
    assert (proved["note"], proved["names"]) == ("there", ["blue"]), result
    assert (added["note"], added["names"]) == ("added", ["blue", "passkey"]), result


def test_by_name(site):
    """A security key that keeps nothing is asked for by the account's name."""
    key = device(site.enrol("alice", transport="usb"), resident=False, transport="usb")
    result = browse(site, [["sign-in", "alice"]], key)
    assert result["seen"][1]["names"] == ["passkey"]


def test_a_suggested_passkey(site, blue):
    """Conditional mediation: the browser offers what it has, and nobody has to press anything."""
    result = browse(site, [["suggested"]], device(blue), suggests=True)
    assert result["seen"][0]["names"] == ["blue"]


@pytest.mark.parametrize("timeout, waits", [(300, 285000), (60, 48000)])
def test_suggestions_begin_anew(machine, timeout, waits):
    """Before the challenge ends, by what the server says of it: the next is there before it is
    called off, so that there is always one."""
    site = pages.Site(machine, f"self-service = yes\ntimeout = {timeout}\n")
    first, second, third = suggest(site, "time", "time")
    assert (first["events"], first["delays"]) == (["begin", "conditional"], [waits])
    for each in (second, third):
        assert each["events"] == ["begin", "called off", "conditional"] and each["note"] is None
        assert each["delays"] == [waits]
    assert len({each["challenge"] for each in (first, second, third)}) == 3


def test_suggestions_end_with_who_looks(site):
    """Nothing is begun for a page that nobody sees, and it goes on when somebody does."""
    _, hidden, ended, shown, left, time, back = suggest(site, "hide", "time", "show", "leave",
                                                        "time", "come back")
    assert hidden["events"] == []  # another passkey manager may be in front of it
    assert ended["events"] == ["called off"] and ended["delays"] == []
    assert shown["events"] == ["begin", "conditional"] and len(shown["delays"]) == 1
    assert left["events"] == ["called off"] and left["delays"] == []
    assert time["events"] == []
    assert back["events"] == ["begin", "conditional"]


def test_suggestions_give_way(site):
    """Whoever presses the button is asked at once, and by nothing else afterwards."""
    _, pressed, shown = suggest(site, "press", "show")
    assert pressed["events"] == ["called off", "begin", "asked"] and pressed["delays"] == []
    assert shown["events"] == []


def test_suggestions_that_are_none(site, blue):
    """Something that is no passkey: it is said, and twice more there is a chance."""
    _, *tries = suggest(site, "choose", "choose", "choose")
    assert [each["note"] for each in tries] == ["sign-in-refused"] * 3
    assert [each["events"] for each in tries] == [["finish", "begin", "conditional"]] * 2 + [
        ["finish"]]


def test_not_by_itself(site, blue, green):
    """Chromium has the one that is to be removed, and is not asked to use that."""
    result = browse(site, [["sign-in"], ["remove", "blue"]], device(blue))
    assert result["seen"][2]["note"] == "cancelled"
    assert result["seen"][2]["names"] == ["blue", "green"]


def test_the_last_one(site, blue):
    result = browse(site, [["sign-in"], ["open", "blue", "remove"], ["go", HOME + "/passkeys"],
                           ["remove-last", "blue"], ["sign-in"]], device(blue))
    assert "It is your last passkey" in result["seen"][2]["text"]
    assert "You have no recovery codes" in result["seen"][2]["text"]
    assert result["seen"][4]["note"] == "last-gone" and not result["seen"][4]["signedIn"]
    # Chromium's was told, and has forgotten it, or it is not known here any more
    assert result["seen"][5]["note"] in ("cancelled", "unknown"), result["seen"][5]


def test_a_removed_passkey(machine, site, blue, green):
    """Removed by passkeyctl: the browser that still offers it is told."""
    machine.connect().call(parts.CREDENTIALS, "Remove", "ss", "alice", own.name_of(blue))
    result = browse(site, [["sign-in"]], device(blue))
    assert result["seen"][1]["note"] == "unknown"
    assert ["signalUnknownCredential", {"rpId": "localhost",
                                        "credentialId": own.name_of(blue)}] in result["signals"]


@pytest.mark.parametrize("name, note", [("x" * 65, "bad-name"), ("green", "taken")])
def test_names_that_cannot_be(site, blue, green, name, note):
    result = browse(site, [["sign-in"], ["rename", "blue", name]], device(blue))
    assert result["seen"][2]["note"] == note
    assert result["seen"][2]["names"] == ["blue", "green"]


def test_a_passkey_that_is_there(site, blue):
    result = browse(site, [["sign-in"], ["add"]], device(blue))
    assert result["seen"][2]["note"] == "there" and result["seen"][2]["names"] == ["blue"]


def test_no_passkey_here(site, blue):
    seen = browse(site, [["sign-in"]])["seen"][1]
    assert seen["note"] == "cancelled" and not seen["signedIn"]


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [(390, 844), (1280, 800)], ids=["phone", "desk"])
def test_everybody_can_read_it(machine, site, blue, green, language, dark, size):
    """axe-core finds nothing, and nothing is wider than the window; by keyboard alone."""
    long = "the passkey of a telephone that has a long name, without doubt"
    own.enrol(machine, "alice", origin=site.origin, name=long)
    result = browse(site, [["go", HOME + "/passkeys"], ["sign-in"], ["open", "blue", "rename"],
                           ["open", "green", "remove"], ["go", HOME + "/decisions"],
                           ["go", HOME + "/passkeys"], ["rename", "green", "blue"],
                           ["sign-out"]],
                    device(blue), language=language, dark=dark, width=size[0], height=size[1],
                    axe=True, keyboard=True)
    assert {each["language"] for each in result["seen"]} == {language}
    assert result["seen"][3]["focus"] == "name", result["seen"][3]
    assert result["seen"][4]["focus"] == "remove-now", result["seen"][4]
    assert result["seen"][7]["note"] == "taken" and result["seen"][8]["note"] == "signed-out"


@pytest.mark.parametrize("language", ["en", "de"])
def test_at_200_percent(site, blue, language):
    """What a window of 1280 has at twice the size: half as many pixels of its own."""
    result = browse(site, [["sign-in"], ["open", "blue", "remove"]], device(blue), width=320,
                    height=400, axe=True, language=language)
    assert result["seen"][1]["signedIn"]


@pytest.mark.parametrize("language, text", [("en", "JavaScript is blocked here"),
                                            ("de", "JavaScript ist hier blockiert")])
def test_without_javascript(site, language, text):
    result = browse(site, [], javascript=False, axe=False, language=language)
    assert text in result["seen"][0]["text"]
