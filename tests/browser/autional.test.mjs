// SPDX-License-Identifier: BSD-2-Clause
// A short client of our own after Autional's pages: no client of it is published.
import assert from "node:assert/strict";
import test from "node:test";

import { bearer, Browser, call, newUser, scene } from "./scene.mjs";

const { identityUrl, mfaUrl } = scene.dialects.autional;
const SNAKE = {
  rawId: "raw_id",
  clientDataJSON: "client_data_json",
  attestationObject: "attestation_object",
  authenticatorData: "authenticator_data",
  userHandle: "user_handle",
};

function snake(value) {
  if (Array.isArray(value) || value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [SNAKE[name] ?? name, snake(member)]));
}

function credential({ id, rawId, type, response }) {
  return snake({ id, rawId, type, response });
}

async function person() {
  const user = newUser();
  const token = await bearer("autional", user, { userName: `${user}@example.org` });

  return { user, headers: { Authorization: `Bearer ${token}` } };
}

test("a passkey of the second factor: register, list, rename, remove", async () => {
  const browser = new Browser();
  const { headers } = await person();
  const begun = await call("POST", `${mfaUrl}/mfa/webauthn/credentials/register`, { headers, body: { display_name: "key" } });

  assert.equal(begun.status, 200, JSON.stringify(begun.body));
  const made = await call("POST", `${mfaUrl}/mfa/webauthn/credentials/register/verify`, {
    headers,
    body: credential(browser.create(begun.body.data.publicKey)),
  });
  assert.equal(made.status, 200, JSON.stringify(made.body));
  const { id } = made.body.data;
  const one = `${mfaUrl}/mfa/webauthn/credentials/${encodeURIComponent(id)}`;
  assert.equal((await call("PUT", one, { headers, body: { name: "blue" } })).body.data.name, "blue");
  const listed = await call("GET", `${mfaUrl}/mfa/webauthn/credentials?page=1&page_size=20`, { headers });
  assert.equal(listed.body.total, 1);
  assert.equal((await call("DELETE", one, { headers })).status, 204);
});

test("a passkey after the password: register, sign in, step up", async () => {
  const browser = new Browser();
  const { user, headers } = await person();
  const { password } = scene.dialects.autional;
  const begin = (path, body) => call("POST", `${identityUrl}/auth/webauthn/${path}`, { headers, body });
  const wrong = await begin("register/begin", { password: `${password}?`, user_name: "label" });

  assert.equal(wrong.status, 401);
  assert.equal(wrong.body.code, 40000502);
  const begun = await begin("register/begin", { password, user_name: "label", password_transmission: "plain" });
  assert.equal(begun.status, 200, JSON.stringify(begun.body));
  assert.equal(begun.body.data.publicKey.user.name, "label");
  const made = await begin("register/complete", { credential: credential(browser.create(begun.body.data.publicKey)) });
  assert.equal(made.status, 200, JSON.stringify(made.body));
  assert.equal(made.body.data.recovery_codes.length, 10);

  const options = await call("POST", `${identityUrl}/auth/webauthn/authenticate/begin`, {
    body: { email: `${user}@example.org` },
  });
  assert.equal(options.body.data.publicKey.allowCredentials.length, 1);
  const signedIn = await call("POST", `${identityUrl}/auth/webauthn/authenticate/complete`, {
    body: { credential: credential(browser.get(options.body.data.publicKey)) },
  });
  assert.equal(signedIn.status, 200, JSON.stringify(signedIn.body));
  assert.equal(signedIn.body.data.user.email, `${user}@example.org`);

  assert.equal((await begin("login/begin", { password: "no" })).status, 401);
  const stepUp = await begin("login/begin", { password });
  assert.equal(stepUp.status, 200, JSON.stringify(stepUp.body));
  const done = await begin("login/complete", credential(browser.get(stepUp.body.data.publicKey)));
  assert.equal(done.status, 200, JSON.stringify(done.body));
});

test("nobody signed in", async () => {
  const answer = await call("POST", `${identityUrl}/auth/webauthn/register/begin`, {
    body: { password: "x", user_name: "x" },
  });

  assert.equal(answer.status, 401);
  assert.equal(typeof answer.body.code, "number");
});
