# SPDX-License-Identifier: BSD-2-Clause
"""Debian's Chromium and its virtual authenticator, by DevTools' protocol over two pipes
(--remote-debugging-pipe): messages are JSON, each ends with a NUL byte."""

import base64
import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import zlib

PROGRAM = "/usr/bin/chromium"
PATIENCE = 4 * int(os.environ.get("PATIENCE", "30"))  # to start, on a busy machine
ENDING = 5  # seconds
FLAGS = (
    "--remote-debugging-pipe", "--no-sandbox", "--test-type", "--disable-gpu", "--disable-quic",
    "--no-first-run", "--no-default-browser-check", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-extensions",
    "--password-store=basic", "--use-mock-keychain", "--disable-features=Translate,MediaRouter",
)
PNG = b"\x89PNG\r\n\x1a\n"


class Unavailable(Exception):
    """Chromium is not there, or does not start; says why."""


class Refused(Exception):
    """DevTools' own error, or one that the page's script threw."""


class Chromium:
    """One process, with a profile of its own that goes when it does.

    become: a preexec_fn that makes it another user's; parent: a folder for the profile, which this
    user may enter.
    """

    def __init__(self, *flags, visible=False, language="en", environment=None, become=None,
                 parent=None):
        if not os.path.exists(PROGRAM):
            raise Unavailable(f"there is no {PROGRAM}")
        self.folder = tempfile.mkdtemp(prefix="passkeyd-chromium-", dir=parent)
        os.chmod(self.folder, 0o1777)
        self.number, self.events, self.rest = 0, [], b""
        commands, self.writer = os.pipe()
        self.reader, answers = os.pipe()
        # Moved out of the way, so that neither is written over when they become 3 and 4.
        low = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (commands, answers)]

        def prepare():
            os.dup2(low[0], 3)
            os.dup2(low[1], 4)
            if become:
                become()

        self.log = open(self.folder + "/log", "w+", encoding="utf-8", errors="replace")
        with open(os.devnull, "rb") as nothing:
            self.process = subprocess.Popen(
                [PROGRAM, *([] if visible else ["--headless=new"]), *FLAGS, f"--lang={language}",
                 f"--accept-lang={language}", f"--user-data-dir={self.folder}/profile", *flags,
                 "about:blank"],
                stdin=nothing, stdout=self.log, stderr=self.log, close_fds=False,
                start_new_session=True, preexec_fn=prepare,
                env={"HOME": self.folder, "PATH": "/usr/bin:/bin", **(environment or {})})
        for end in (commands, answers, *low):
            os.close(end)
        try:
            self.version = self.call("Browser.getVersion")["product"]
        except (OSError, TimeoutError) as error:
            said = self.said()
            self.close()
            raise Unavailable(f"{PROGRAM} does not start: {said or error}") from error

    def said(self):
        """The last line that it wrote about an error."""
        self.log.seek(0)
        lines = [line.strip() for line in self.log if line.strip()]
        return lines[-1] if lines else ""

    # The protocol

    def call(self, method, session=None, patience=PATIENCE, **parameters):
        """The result of a method of DevTools' protocol."""
        self.number += 1
        number = self.number
        message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.writer, data):]
        end = time.monotonic() + patience
        while True:
            answer = self.read(end)
            if answer.get("id") == number:
                if "error" in answer:
                    raise Refused(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append(answer)

    def wait(self, method, session, matches=lambda parameters: True):
        """The parameters of the first event of that name, taken out of those that came."""
        end = time.monotonic() + PATIENCE
        seen = 0
        while True:
            for index, event in enumerate(self.events[seen:], seen):
                if event.get("method") == method and event.get("sessionId") == session and \
                        matches(event["params"]):
                    del self.events[index]
                    return event["params"]
            seen = len(self.events)
            self.events.append(self.read(end))

    def read(self, end):
        while b"\0" not in self.rest:
            if not select.select([self.reader], [], [], max(0, end - time.monotonic()))[0]:
                raise TimeoutError("Chromium does not answer")
            more = os.read(self.reader, 1 << 20)
            if not more:
                raise ConnectionError("Chromium has ended")
            self.rest += more
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def page(self, **size):
        return Page(self, **size)

    def close(self):
        """At once where it does not end by itself: there is nothing that it has to keep."""
        with contextlib.suppress(OSError, TimeoutError, Refused, subprocess.TimeoutExpired):
            self.call("Browser.close", patience=ENDING)
            self.process.wait(ENDING)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for end in (self.writer, self.reader):
            os.close(end)
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


SHOWN = """(() => {
    const part = [...document.querySelectorAll("[data-part]")].find((each) => !each.hidden);
    const line = (each) => each.matches("dt") ? each.innerText + ": " +
        each.nextElementSibling.innerText : each.matches("button") ? "[" + each.innerText + "]"
        : each.innerText;
    return {part: part?.dataset.part ?? null,
            use: part?.querySelector("[data-do=use]")?.innerText ?? null,
            text: (part ?? document.body).innerText,
            code: part?.querySelector("[data-code]")?.textContent || null,
            lines: [...(part ?? document.body).querySelectorAll("h1, p, dt, output, button")]
                .filter((each) => each.offsetParent).map(line)};
})()"""

# Resolves once the expression is true of a document that changes.
WAIT = """new Promise((resolve) => {
    const look = () => (%s) && (watcher.disconnect(), resolve(true));
    const watcher = new MutationObserver(look);
    watcher.observe(document, {subtree: true, childList: true, attributes: true});
    look();
})"""


class Page:
    """A tab, all of whose requests are kept; width None: as wide and high as its window."""

    def __init__(self, browser, width=1280, height=800, dark=False):
        self.browser = browser
        self.requests = []
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=target,
                                    flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.call(domain + ".enable")
        if width:
            self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                      deviceScaleFactor=1, mobile=False)
        if dark:
            self.call("Emulation.setEmulatedMedia",
                      features=[{"name": "prefers-color-scheme", "value": "dark"}])
        self.authenticator = None

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def events(self, method):
        """The parameters of those that came so far."""
        self.call("Runtime.evaluate", expression="0")  # what came before this has been read
        return [event["params"] for event in self.browser.events
                if event.get("method") == method and event.get("sessionId") == self.session]

    def asked(self):
        """The URLs of all that was requested for this tab."""
        return [each["request"]["url"] for each in self.events("Network.requestWillBeSent")]

    def open(self, url):
        """Returns once it is loaded; the main response's headers, with small names."""
        failed = self.call("Page.navigate", url=url).get("errorText")
        if failed:
            raise Refused(f"{url}: {failed}")
        self.browser.wait("Page.loadEventFired", self.session)
        answers = [each["response"] for each in self.events("Network.responseReceived")
                   if each["type"] == "Document"]
        return {name.lower(): value for name, value in answers[-1]["headers"].items()} \
            if answers else {}

    def evaluate(self, expression):
        """Its value, once it is settled where it is a promise."""
        done = self.call("Runtime.evaluate", expression=expression, awaitPromise=True,
                         returnByValue=True)
        if "exceptionDetails" in done:
            details = done["exceptionDetails"]
            raise Refused(details.get("exception", {}).get("description") or details["text"])
        return done["result"].get("value")

    def shown(self):
        """The part of a page of the gateway's that is not hidden: its name, what its
        button for the passkey is called, text, code, and lines, with buttons in brackets."""
        return self.evaluate(SHOWN)

    def wait(self, condition):
        self.evaluate(WAIT % condition)

    def press(self, name):
        """A click on the button that does this, in the part that is shown."""
        selector = f"[data-part]:not([hidden]) [data-do={name}]:not([hidden])"
        self.wait(f"document.querySelector('{selector}')")
        box = self.evaluate(f"(() => {{ const button = document.querySelector('{selector}');"
                            "button.scrollIntoView({block: 'center'});"
                            "const box = button.getBoundingClientRect();"
                            "return [box.x + box.width / 2, box.y + box.height / 2]; })()")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left",
                      clickCount=1)

    def use(self):
        """Presses the button for the passkey; what is shown after it."""
        self.press("use")
        self.wait("document.querySelector('[data-part=ask]').hidden || [...document."
                  "querySelectorAll('[data-say]')].some((line) => !line.hidden && "
                  "line.dataset.say !== 'working')")
        return self.shown()

    def plug(self, transport="internal", **more):
        """A virtual authenticator (WebAuthn in DevTools' protocol)."""
        self.call("WebAuthn.enable")
        self.authenticator = self.call("WebAuthn.addVirtualAuthenticator", options={
            "protocol": "ctap2", "transport": transport, "hasResidentKey": True,
            "hasUserVerification": True, "isUserVerified": True,
            "automaticPresenceSimulation": True, **more})["authenticatorId"]

    def hold(self, credential):
        """Gives it a passkey that was made elsewhere."""
        self.call("WebAuthn.addCredential", authenticatorId=self.authenticator,
                  credential=credential)

    def picture(self):
        """A PNG of the whole page, which has the text that it shows as its description."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True,
                         clip={"x": 0, "y": 0, "width": size["width"], "height": size["height"],
                               "scale": 1})["data"]
        return described(base64.b64decode(data), "\n".join(self.shown()["lines"]))


def chunks(png):
    """The parts of a PNG, as pairs of type and data."""
    assert png.startswith(PNG)
    place = len(PNG)
    while place < len(png):
        length, kind = struct.unpack_from(">I4s", png, place)
        yield kind, png[place + 8:place + 8 + length]
        place += length + 12


def described(png, text):
    """The PNG, packed as small as it gets, with text in its chunk iTXt (PNG 11.3.3.4)."""
    parts = list(chunks(png))
    pixels = zlib.decompress(b"".join(data for kind, data in parts if kind == b"IDAT"))
    parts = [(kind, data) for kind, data in parts if kind in (b"IHDR", b"PLTE", b"IEND")]
    parts[-1:-1] = [(b"iTXt", b"Description\0\0\0\0\0" + text.encode()),
                    (b"IDAT", zlib.compress(pixels, 9))]
    return PNG + b"".join(struct.pack(">I", len(data)) + kind + data +
                          struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts)


def description(png):
    """What described() put into it."""
    return next(data.split(b"\0", 5)[5].decode() for kind, data in chunks(png) if kind == b"iTXt")
