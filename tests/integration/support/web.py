# SPDX-License-Identifier: BSD-2-Clause
"""passkey-gateway beside the daemon, with one relying party for each dialect."""

import base64
import json
import os
import secrets
import subprocess
import uuid

import application
import gateway_process as process
import machine as parts
import namespace

DIALECTS = ("standard", "hanko", "cloudreve", "authsignal", "autional")
CONFIG = "/etc/passkey/gateway.conf"
USER = "carol"  # there is no account of its own in the namespace
TENANTS = {"hanko": str(uuid.UUID(int=0x6c1d7c3e8f0a4b1c9d2e3f4051627384)),
           "authsignal": str(uuid.UUID(int=0x2f6e0d9c4b3a49188776655443322110))}


def new_application():
    """That of autional, which knows the users' passwords."""
    return application.Application(secrets.token_urlsafe(48), secrets.token_urlsafe(9))


def relying_parties(origin, passwords):
    """The sections of passkeyd.conf; passwords: the application that knows them."""
    text = f"[gateway]\nuser = {USER}\n"
    for dialect in DIALECTS:
        text += (f"\n[rp {dialect}]\nid = localhost\nname = {dialect}\norigins = {origin}\n"
                 f"http = {dialect}\n")
        if dialect in TENANTS:
            text += f"tenant-id = {TENANTS[dialect]}\n"
    text += f"password-check = application\npassword-url = {passwords.url}\n"  # of autional
    return text


def gateway_configuration(listen):
    """One developer's requests all come from one address."""
    return (f"[gateway]\nlisten = {listen}\n"
            "[limits]\nrequests-per-second-per-address = 100000\n"
            "requests-per-second-per-key = 100000\n")


def api_key(relying_party):
    made = subprocess.run(["passkeyctl", "api-key", "create", "--rp", relying_party, "--json"],
                          check=True, capture_output=True, text=True)
    return json.loads(made.stdout)["key"]["secret"]


def import_key(relying_party, key):
    """A key that the application shares, for the dialects whose tokens are its own."""
    subprocess.run(["passkeyctl", "rp-key", "import", "-", "--rp", relying_party], check=True,
                   input=key, capture_output=True, text=True)


def describe(url, passwords):
    """What scripts/demo --serve prints: for each dialect what a client needs."""
    keys = {dialect: api_key(dialect) for dialect in DIALECTS}
    import_key("cloudreve", secrets.token_urlsafe(48))
    import_key("autional", passwords.key)

    def own_token(dialect, base):
        return {"method": "POST", "url": base + "/tokens", "headers": {"apiKey": keys[dialect]},
                "body": {"userId": "USER"}, "member": "token"}

    standard, cloudreve = url + "/standard", url + "/api/v4"
    authsignal, identity = url + "/v1", url + "/bff/identity-service/api/v1"
    return {
        "url": url, "origin": url, "rpId": "localhost",
        "dialects": {
            "standard": {"baseUrl": standard, "apiKey": keys["standard"],
                         "bearer": own_token("standard", standard)},
            "hanko": {"baseUrl": url + "/", "tenantId": TENANTS["hanko"],
                      "apiKey": keys["hanko"]},
            "cloudreve": {"baseUrl": cloudreve, "apiKey": keys["cloudreve"],
                          "bearer": own_token("cloudreve", cloudreve)},
            "authsignal": {"baseUrl": authsignal, "tenantId": TENANTS["authsignal"],
                           "secret": keys["authsignal"],
                           "bearer": {"method": "POST",
                                      "url": authsignal + "/users/USER/actions/signIn",
                                      "headers": {"Authorization": "Basic " + basic(
                                          keys["authsignal"])},
                                      "body": {"scope": "add:authenticators"},
                                      "member": "token"}},
            "autional": {"baseUrl": identity, "identityUrl": identity,
                         "mfaUrl": url + "/bff/mfa-service/api/v1", "apiKey": keys["autional"],
                         "password": passwords.password,  # of every user
                         "bearer": own_token("autional", identity)},
        }}


def basic(name):
    return base64.b64encode((name + ":").encode()).decode()


def with_sockets(command, sockets):
    """What to run, and with which variables, so that it gets them as systemd passes them."""
    if not sockets:
        return command, {}
    return (["/bin/sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh", *command],
            {"LISTEN_FDS": str(len(sockets))})


def start(machine, sockets=()):
    """The gateway, once it serves them all; sockets: 3 and up, as systemd passes them."""
    command, environment = with_sockets([process.program()], sockets)
    started = machine.start(command, env={"PATH": os.environ["PATH"], **environment,
                                           **namespace.sanitizer_options()},
                            pass_fds=sockets, stderr=subprocess.PIPE,
                            preexec_fn=parts.become(USER))
    log = process.Lines(started.stderr)
    for _ in DIALECTS:
        log.wait(lambda line: "serves " in line)
    return started
