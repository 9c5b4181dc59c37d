# SPDX-License-Identifier: BSD-2-Clause
"""The gateway's pages, as a browser without a screen sees them, and a passkey that it has."""

import html
import http.client
import json
import os
import re
import socket
import subprocess
import urllib.parse

import gateway_process as process
import machine as parts
import namespace
import web
import webauthn_client

COOKIE = "__Host-passkey-link-"  # and the link's word


def port_of(descriptor):
    with socket.socket(fileno=os.dup(descriptor)) as listener:
        return listener.getsockname()[1]


class Site:
    """Daemon and gateway of a host whose pages are at http://localhost:PORT/passkey; more:
    configuration, with @ORIGIN@ for the first part of that; sockets: 3 and up, as systemd passes
    them."""

    def __init__(self, machine, more="", sockets=()):
        self.machine = machine
        self.sockets = sockets
        self.port = port_of(sockets[0]) if sockets else process.free_port()
        self.origin = f"http://localhost:{self.port}"
        self.machine.configure(f"[gateway]\nuser = {web.USER}\n[rp default]\nid = localhost\n"
                               f"origins = {self.origin}\n"
                               f"browser-url = {self.origin}/passkey\n"
                               + more.replace("@ORIGIN@", self.origin))
        namespace.write(web.CONFIG, web.gateway_configuration(
            "systemd" if sockets else f"127.0.0.1:{self.port}"))
        self.machine.start_daemon()
        self.start_gateway()

    def start_gateway(self):
        command, environment = web.with_sockets([process.program()], self.sockets)
        self.gateway = self.machine.start(command, stderr=subprocess.PIPE, pass_fds=self.sockets,
                                          env={"PATH": "/usr/bin", **environment,
                                               **namespace.sanitizer_options()},
                                          preexec_fn=parts.become(web.USER))
        self.log = process.Lines(self.gateway.stderr)
        self.log.wait(lambda line: "serves default (pages)" in line)

    def enrol(self, user, algorithm=webauthn_client.ES256, transport="internal"):
        """A passkey of that user, in no particular browser."""
        passkey = webauthn_client.Passkey(algorithm)
        connection = self.machine.connect()
        identifier, options, _ = connection.call(parts.RELYING_PARTY, "BeginRegistration", "sa{sv}",
                                                 user, parts.vardict({}))
        made = json.loads(webauthn_client.register(str(options), passkey, self.origin))
        made["response"]["transports"] = [transport]
        connection.call(parts.RELYING_PARTY, "FinishRegistration", "ss", identifier,
                        json.dumps(made))
        return passkey


class Browser:
    """Keeps cookies, as browsers do; sends what a page's script sends."""

    def __init__(self, site, language="en"):
        self.site = site
        self.language = language
        self.cookies = {}

    def request(self, method, path, body=None, **headers):
        """Status, headers, text."""
        connection = http.client.HTTPConnection("127.0.0.1", self.site.port,
                                                timeout=parts.PATIENCE)
        sent = {"Host": f"localhost:{self.site.port}", "Accept-Language": self.language}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body is not None:
            sent |= {"Content-Type": "application/json", "Origin": self.site.origin}
            body = body if isinstance(body, str) else json.dumps(body)
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body,
                           {name: value for name, value in sent.items() if value is not None})
        answer = connection.getresponse()
        text = answer.read().decode()
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, value = line.split(";")[0].split("=", 1)
            self.cookies[name] = value
        connection.close()
        return answer.status, answer.headers, text

    def get(self, link, **headers):
        return self.request("GET", urllib.parse.urlsplit(link).path, **headers)

    def post(self, link, call, body=None, **headers):
        status, _, text = self.request("POST", urllib.parse.urlsplit(link).path + "/" + call,
                                       {} if body is None else body, **headers)
        return status, json.loads(text) if text else None

    def finish(self, link, options, passkey, **how):
        answer = webauthn_client.sign_in(options, passkey, self.site.origin, **how)
        return self.post(link, "finish", {"credential": json.loads(answer)})

    def make(self, link, passkey, **how):
        """All that a person does who has a passkey made: the page's answer."""
        assert self.get(link)[0] == 200
        status, options = self.post(link, "begin")
        assert status == 200, options
        answer = webauthn_client.register(options, passkey, self.site.origin, **how)
        return self.post(link, "finish", {"credential": json.loads(answer)})

    def use(self, link, passkey, **how):
        """All that a person does who opens the link and uses the passkey: the code."""
        assert self.get(link)[0] == 200
        status, options = self.post(link, "begin")
        assert status == 200, options
        return self.finish(link, options, passkey, **how)


def link_in(text):
    return re.search(r"https?://\S+", text).group()


def shown(page):
    """The text of the part of a page that is not hidden."""
    parts_of = re.findall(r'<section data-part="([a-z]+)"( hidden)?>(.*?)</section>', page, re.S)
    (part,) = [(name, inner) for name, hidden, inner in parts_of if not hidden]
    inner = re.sub(r"</?bdi>", "", part[1])
    return part[0], html.unescape(re.sub(r"<[^>]*>", " ", inner))


def wait_for_link(conversation):
    """Goes on until the link is asked about: the link, and the question."""
    while True:
        kind, text, details = conversation.next()
        assert kind in ("info", "ask"), (kind, text, details)
        if kind == "ask" and details["event"] == "browser":
            return link_in(text), text
        if kind == "ask":
            conversation.answer = ""
