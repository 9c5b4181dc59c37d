#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What scripts/demo --browser shows, in the private namespace: alice enrols a passkey that her
browser makes, and by it sudo runs what she typed. Exit status 3: there is no Chromium."""

import argparse
import os
import shutil
import signal
import sys
import textwrap
import time

import pexpect

import demo
import chromium
import machine as parts
import namespace
import pages
from demo import say

ENROLL = ["passkey-enroll", "--browser"]
NO_CHROMIUM = 3
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
WATCHING = 2  # seconds before each act, where there is somebody to see it


def be_ended(number, _frame):
    """Once: what is ended then must end."""
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    sys.exit(128 + number)


class Alice:
    """Opens links in Chromium, whose virtual authenticator has her passkeys."""

    def __init__(self, machine, pictures):
        self.machine, self.pictures = machine, pictures
        self.visible = False
        self.browser = self.start()
        window = {"width": None} if self.visible else {}
        self.page = self.browser.page(**({"width": 760, "height": 400} if pictures else window))
        self.page.plug()

    def start(self):
        """A window where there is a display that can be reached from here."""
        home = f"{namespace.SCRATCH}/home/alice"
        how = {"become": parts.become("alice"), "parent": home}
        if os.environ.get("DISPLAY"):
            environment = {"DISPLAY": os.environ["DISPLAY"]}
            cookie = os.environ.get("XAUTHORITY", "")
            if os.path.exists(cookie):
                environment["XAUTHORITY"] = home + "/.Xauthority"
                shutil.copy(cookie, environment["XAUTHORITY"])
                shutil.chown(environment["XAUTHORITY"], "alice")
            try:
                browser = chromium.Chromium("--window-size=900,800", visible=True,
                                            environment=environment, **how)
                self.visible = True
                return browser
            except chromium.Unavailable:
                say(f"(The display {os.environ['DISPLAY']} cannot be used: no window is opened.)")
        return chromium.Chromium(**how)

    def acts(self, what):
        if self.visible:
            time.sleep(WATCHING)
        say(f"({what})")

    def types(self, child, text, what):
        say("")
        self.acts(f"types {what}")
        child.logfile_read.fresh = True
        child.sendline(text)

    def look(self, picture):
        """What the page says, line by line."""
        shown = self.page.shown()
        for line in shown["lines"]:
            say(textwrap.fill(line, 96, initial_indent="    > ", subsequent_indent="    > "))
        if self.pictures:
            with open(f"{self.pictures}/{picture}.png", "wb") as file:
                file.write(self.page.picture())
        return shown

    def answer_link(self, child, does, picture=""):
        """The link is opened, the passkey made or used, the code typed."""
        child.expect(r"https?://\S+")
        link = child.after
        child.expect("Code( from the page)?: ")
        say("")
        self.acts("opens the link in Chromium")
        self.page.open(link)
        button = self.look(picture + "request")["use"]
        self.acts(f'presses "{button}", and {does}')
        self.page.use()
        shown = self.look(picture + "code")
        if not shown["code"]:
            sys.exit("demo: failed: the page shows no code")
        self.types(child, shown["code"], f"the code, {shown['code']}")


def by_chromium(machine, pictures):
    alice = Alice(machine, pictures)
    try:
        where = "in its window" if alice.visible else "without a window"
        say(f"The browser is {alice.browser.version}, {where}; its virtual authenticator stands\n"
            'in for a phone or a password manager. Lines with "|" are what the terminal shows,\n'
            'those with ">" what the page says.')
        say("\nFirst alice enrols a passkey that her browser makes.")
        child = demo.open_terminal(machine, "alice", ENROLL)
        child.expect("(?i)password: ")
        alice.types(child, namespace.password("alice"), "alice's password")
        alice.answer_link(child, "her browser makes one", "enroll-")
        child.expect("Its name[^\n]*: ")
        alice.types(child, "my browser", "a name")
        demo.finish(child)
        say("\nFrom now on sudo needs no password: a link, the passkey, and the code.")
        child = demo.open_terminal(machine, "alice", demo.SUDO)
        alice.answer_link(child, "her browser signs with it")
        return demo.finish(child)
    finally:
        alice.browser.close()


def by_hand(machine, site):
    if not sys.stdin.isatty():
        sys.exit("demo: --by-hand needs a terminal")
    say("Open each link in a browser of this computer, and type the code of its page here.\n"
        "The passkey is for this demonstration only: remove it from your browser afterwards; it\n"
        f"is for {site.origin}. alice's password is: {namespace.password('alice')}")
    demo.person_acts(machine, ENROLL, "alice")
    return demo.person_acts(machine, demo.SUDO, "alice")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--by-hand", action="store_true")
    parser.add_argument("--pictures", metavar="FOLDER")
    arguments = parser.parse_args()
    for each in SIGNALS:
        signal.signal(each, be_ended)
    sys.stdout.reconfigure(errors="replace")  # half blocks, where the locale has none
    machine = parts.Machine()
    try:
        machine.start_bus()
        # To be reached from outside, by the person's own browser; Chromium is in here.
        sockets = range(3, 3 + int(os.environ.get("LISTEN_FDS", "0")))
        site = pages.Site(machine, "[service sudo]\nmethods = browser\n", sockets)
        say("The host is web1, where alice has an account. passkeyd and passkey-gateway run\n"
            f"there, which serves the pages at {site.origin}/passkey.")
        by_sudo = by_hand(machine, site) if arguments.by_hand else \
            by_chromium(machine, arguments.pictures)
        results = machine.results()
        say("\nWhat passkeyd logged:")
        for line in machine.syslog.text().splitlines():
            if line.startswith("passkeyd["):
                say("    " + line)
    except chromium.Unavailable as error:
        print(f"demo: --browser needs Chromium: {error}", file=sys.stderr)
        sys.exit(NO_CHROMIUM)
    except pexpect.ExceptionPexpect as error:
        sys.exit(f"demo: failed: not what the terminal should show: {type(error).__name__}")
    except (chromium.Refused, OSError, TimeoutError) as error:
        sys.exit(f"demo: failed: {error}")
    finally:
        machine.close()
    if by_sudo.split()[-1] != "bob" or results != [("sudo", "alice", "success")]:
        sys.exit("demo: failed: sudo did not run as bob by passkey alone")
    say("\ndemo: ok: the real sudo ran `id -un` as bob for alice, by a passkey in a browser")


if __name__ == "__main__":
    main()
