// SPDX-License-Identifier: BSD-2-Clause
// Authsignal's SDK for servers, unmodified, and the calls of its SDK for browsers.
import assert from "node:assert/strict";
import test from "node:test";

import { Authsignal } from "@authsignal/node";

import { Browser, call, newUser, scene } from "./scene.mjs";

const { baseUrl, tenantId, secret } = scene.dialects.authsignal;
const server = new Authsignal({ apiSecretKey: secret, apiUrl: baseUrl, retries: 0 });
const client = (path) => `${baseUrl}/client/${path}`;
const basic = { Authorization: `Basic ${Buffer.from(`${tenantId}:`).toString("base64")}` };
const webBasic = { Authorization: `Basic ${Buffer.from(encodeURIComponent(tenantId)).toString("base64")}` };

async function track(userId, action = "signUp", attributes = {}) {
  return server.track({ userId, action, attributes: { scope: "add:authenticators", ...attributes } });
}

async function register(browser, userId, wishes = {}) {
  const { token } = await track(userId);
  const headers = { Authorization: `Bearer ${token}` };
  const { body: begun, status } = await call("POST", client("user-authenticators/passkey/registration-options"), {
    headers,
    body: { username: `${userId}@example.org`, ...wishes },
  });

  assert.equal(status, 200);
  const answer = await call("POST", client("user-authenticators/passkey"), {
    headers,
    body: { challengeId: begun.challengeId, registrationCredential: browser.create(begun.options) },
  });
  assert.equal(answer.status, 200);
  assert.equal(answer.body.isVerified, true);
  return { ...answer.body, options: begun.options };
}

async function signIn(browser, headers, body = {}) {
  const begun = await call("POST", client("user-authenticators/passkey/authentication-options"), { headers, body });

  assert.equal(begun.status, 200);
  return call("POST", client("verify/passkey"), {
    headers,
    body: { challengeId: begun.body.challengeId, authenticationCredential: browser.get(begun.body.options) },
  });
}

test("track, register, sign in, validate", async () => {
  const browser = new Browser();
  const userId = newUser();
  const made = await register(browser, userId);

  assert.equal(made.userId, userId);
  assert.equal(made.userAuthenticator.verificationMethod, "PASSKEY");
  const signedIn = await signIn(browser, webBasic);
  assert.equal(signedIn.status, 200);
  assert.equal(signedIn.body.isVerified, true);
  assert.equal(signedIn.body.userId, userId);
  const valid = await server.validateChallenge({ token: signedIn.body.accessToken });
  assert.equal(valid.isValid, true);
  assert.equal(valid.userId, userId);
});

test("both spellings of Basic, and a challenge that was begun before", async () => {
  const browser = new Browser();
  await register(browser, newUser());
  for (const headers of [basic, webBasic]) {
    const challenge = await call("POST", client("challenge"), { headers, body: { action: "signIn" } });

    assert.equal(challenge.status, 200);
    const answer = await signIn(browser, headers, { challengeId: challenge.body.challengeId });
    assert.equal(answer.body.isVerified, true);
  }
});

test("a payment's passkey", async () => {
  const browser = new Browser();
  const { options } = await register(browser, newUser(), {
    securePaymentConfirmation: true,
    instrumentDisplayName: "Visa 1234",
  });

  assert.equal(options.extensions.payment.isPayment, true);
  assert.equal(options.authenticatorSelection.userVerification, "required");
  assert.equal(options.authenticatorSelection.authenticatorAttachment, "platform");
});

test("authenticators are listed and removed by the server's SDK", async () => {
  const browser = new Browser();
  const userId = newUser();
  const { userAuthenticatorId } = await register(browser, userId);
  const listed = await server.getAuthenticators({ userId });

  assert.equal(listed.length, 1);
  assert.equal(listed[0].userAuthenticatorId, userAuthenticatorId);
  await server.deleteAuthenticator({ userId, userAuthenticatorId });
  assert.deepEqual(await server.getAuthenticators({ userId }), []);
});

test("no token, a foreign one, a wrong secret", async () => {
  const path = client("user-authenticators/passkey/registration-options");

  for (const headers of [{}, { Authorization: "Bearer eyJhbGciOiJub25lIn0.e30." }]) {
    const answer = await call("POST", path, { headers, body: {} });
    assert.equal(answer.status, 401);
    assert.ok(answer.body.error && answer.body.errorCode);
  }
  const wrong = new Authsignal({ apiSecretKey: "wrong", apiUrl: baseUrl, retries: 0 });
  await assert.rejects(wrong.track({ userId: "x", action: "signIn" }), { statusCode: 401 });
});

test("iOS's standard base64 in clientDataJSON", async () => {
  const browser = new Browser();
  const userId = newUser();
  const { token } = await track(userId);
  const headers = { Authorization: `Bearer ${token}` };
  const { body } = await call("POST", client("user-authenticators/passkey/registration-options"), { headers, body: {} });
  const credential = browser.create(body.options);
  const data = Buffer.from(credential.response.clientDataJSON, "base64url").toString("base64");

  credential.response.clientDataJSON = data;
  const answer = await call("POST", client("user-authenticators/passkey"), {
    headers,
    body: { challengeId: body.challengeId, registrationCredential: credential, deviceId: "a" },
  });
  assert.equal(answer.body.isVerified, true);
});
