# SPDX-License-Identifier: BSD-2-Clause
"""Calls of org.passkeyd.RelyingParty1."""

import json

import machine as parts
import webauthn_client as browser


def begin(connection, kind, user, **options):
    identifier, text, expires = connection.call(
        parts.RELYING_PARTY, "Begin" + kind, "sa{sv}", user, parts.vardict(options))
    return str(identifier), json.loads(str(text)), int(expires)


def finish(connection, kind, identifier, response):
    return connection.call(parts.RELYING_PARTY, "Finish" + kind, "ss", identifier, response)


def register(connection, user, passkey, fmt="none", **options):
    identifier, made, _ = begin(connection, "Registration", user, **options)
    response = browser.register(made, passkey, attestation=fmt)
    return json.loads(str(finish(connection, "Registration", identifier, response)))
