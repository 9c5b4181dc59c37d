// SPDX-License-Identifier: BSD-2-Clause
// Hanko's own SDK and its provider for Auth.js, unmodified, against the gateway.
import assert from "node:assert/strict";
import test from "node:test";

import { createRemoteJWKSet, jwtVerify } from "jose";
import passkeys from "@teamhanko/passkeys-next-auth-provider";
import { tenant } from "@teamhanko/passkeys-sdk";

import { Browser, call, newUser, scene } from "./scene.mjs";

const { baseUrl, tenantId, apiKey } = scene.dialects.hanko;
const api = tenant({ baseUrl, tenantId, apiKey });
const url = (path) => `${baseUrl.replace(/\/$/, "")}/${tenantId}/${path}`;

async function register(browser, userId, data = {}) {
  const options = await api.registration.initialize({ userId, username: `${userId}@example.org`, ...data });

  return api.registration.finalize(browser.create(options.publicKey));
}

async function logIn(browser) {
  return api.login.finalize(browser.get((await api.login.initialize()).publicKey));
}

test("a passkey is registered and signs in, and the token is good for Auth.js", async () => {
  const browser = new Browser();
  const userId = newUser();
  const made = await register(browser, userId, { displayName: "Alice Example" });
  const { token } = await logIn(browser);
  const keys = createRemoteJWKSet(new URL(url(".well-known/jwks.json")));

  for (const jwt of [made.token, token]) {
    const { payload, protectedHeader } = await jwtVerify(jwt, keys, { audience: scene.rpId });

    assert.equal(payload.sub, userId);
    assert.equal(payload.exp - payload.iat, 300);
    assert.equal(protectedHeader.alg, "RS256");
    assert.ok(payload.cred);
  }
  const user = await passkeys({ tenant: api }).authorize({ finalizeJWT: token });
  assert.equal(user.id, userId);
});

test("a token that somebody changed is refused by Auth.js", async () => {
  const browser = new Browser();
  await register(browser, newUser());
  const { token } = await logIn(browser);
  const [head, , signature] = token.split(".");
  const forged = Buffer.from(JSON.stringify({ sub: "somebody", iat: Date.now() / 1000 })).toString("base64url");

  await assert.rejects(passkeys({ tenant: api }).authorize({ finalizeJWT: `${head}.${forged}.${signature}` }));
});

test("the options are as the service's", async () => {
  const userId = newUser();
  const { publicKey } = await api.registration.initialize({ userId, username: userId, displayName: "Bob" });

  assert.equal(Buffer.from(publicKey.user.id, "base64url").toString(), userId);
  assert.equal(publicKey.user.displayName, "Bob");
  assert.deepEqual(publicKey.pubKeyCredParams.map(({ alg }) => alg), [-7, -35, -36, -257, -258, -259, -37, -38, -39, -8]);
  assert.equal(publicKey.authenticatorSelection.residentKey, "required");
  assert.equal(publicKey.authenticatorSelection.requireResidentKey, true);
  assert.equal(publicKey.attestation, "direct");
});

test("credentials are listed and removed", async () => {
  const browser = new Browser();
  const userId = newUser();
  await register(browser, userId);
  const listed = await api.user(userId).credentials();

  assert.equal(listed.length, 1);
  await api.credential(listed[0].id).remove();
  assert.deepEqual(await api.user(userId).credentials(), []);
  await assert.rejects(logIn(browser), /Request failed/);
});

test("a second factor's passkey does not sign in by itself", async () => {
  const browser = new Browser();
  const userId = newUser();
  const options = await api.user(userId).mfa.registration.initialize({ username: userId });

  assert.equal(options.publicKey.authenticatorSelection.residentKey, "discouraged");
  await api.user(userId).mfa.registration.finalize(browser.create(options.publicKey));
  const asked = await api.user(userId).mfa.login.initialize();
  assert.equal(asked.publicKey.allowCredentials.length, 1);
  assert.ok((await api.user(userId).mfa.login.finalize(browser.get(asked.publicKey))).token);
  const plain = await call("POST", url("login/initialize"), { headers: { apiKey }, body: { user_id: userId } });
  assert.notEqual(plain.status, 200);
});

test("an answer counts once, and only for this tenant's origin", async () => {
  const browser = new Browser();
  const userId = newUser();
  const options = await api.registration.initialize({ userId, username: userId });
  const credential = browser.create(options.publicKey);

  await api.registration.finalize(credential);
  const again = await call("POST", url("registration/finalize"), { headers: { apiKey }, body: credential });
  assert.equal(again.status, 400);
  assert.equal(again.body.title, "received challenge does not match with any stored one");
});

test("a wrong key is refused with the service's words", async () => {
  const answer = await call("POST", url("registration/initialize"), {
    headers: { apiKey: "wrong" },
    body: { user_id: "x", username: "x" },
  });

  assert.equal(answer.status, 401);
  assert.equal(answer.body.title, "The api key is invalid");
});
