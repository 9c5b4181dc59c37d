# SPDX-License-Identifier: BSD-2-Clause
"""Looking after one's own passkeys: the calls of Gateway1, and the gateway's pages."""

import json

import gateway
import machine as parts
import webauthn_client

ORIGIN = "http://localhost:8443"
USER = gateway.USER

CONFIGURATION = f"""
[gateway]
user = {USER}
[rp default]
id = localhost
origins = {ORIGIN}
browser-url = {ORIGIN}/passkey
self-service = yes
"""

SIGN_IN, PROVE, REMOVE, REMOVE_LAST, ADD = "sign-in", "prove", "remove", "remove-last", "add"


def enrol(machine, user, passkey=None, origin=ORIGIN, **options):
    """A passkey of that user, enrolled by root."""
    passkey = passkey or webauthn_client.Passkey()
    connection = machine.connect()
    identifier, made, _ = connection.call(parts.RELYING_PARTY, "BeginRegistration", "sa{sv}", user,
                                          parts.vardict(options))
    connection.call(parts.RELYING_PARTY, "FinishRegistration", "ss", identifier,
                    webauthn_client.register(str(made), passkey, origin))
    return passkey


class Own(gateway.Gateway):
    """A connection of the gateway's account that makes these calls."""

    def begin(self, act, session="", what="", rp="default"):
        identifier, text, _ = self.connection.call(gateway.GATEWAY, "BeginOwn", "ssss", rp, session,
                                                   act, what)
        return str(identifier), json.loads(str(text))

    def finish(self, act, identifier, answer, session="", rp="default"):
        return self.call("FinishOwn", rp, session, act, identifier, answer)

    def use(self, act, passkey, session="", what="", **how):
        """Begins, and answers with that passkey."""
        identifier, options = self.begin(act, session, what)
        answer = (webauthn_client.register if act == ADD else webauthn_client.sign_in)(
            options, passkey, ORIGIN, **how)
        return self.finish(act, identifier, answer, session)

    def sign_in(self, passkey, user=""):
        return self.use(SIGN_IN, passkey, what=user)["session"]

    def refused(self, error, act, passkey, session="", what="", **how):
        identifier, options = self.begin(act, session, what)
        answer = webauthn_client.sign_in(options, passkey, ORIGIN, **how)
        return self.fails(error, "FinishOwn", "default", session, act, identifier, answer)

    def describe(self, session):
        return self.call("DescribeOwn", "default", session)

    def names(self, session):
        return [each["name"] for each in self.describe(session)["passkeys"]]


def name_of(passkey):
    return webauthn_client.encode(passkey.id)
