// SPDX-License-Identifier: BSD-2-Clause
// Autional's calls, N1 to N8 and M1 to M4, row by row.
import assert from "node:assert/strict";
import test from "node:test";

import { claims, expect } from "./contract.mjs";
import { bearer, Browser, call, newUser, origin, scene } from "./scene.mjs";

const autional = scene.dialects.autional;
const N = (path) => `${autional.identityUrl}/${path}`;
const M = (path = "") => `${autional.mfaUrl}/mfa/webauthn/credentials${path}`;
const SNAKE = {
  rawId: "raw_id",
  clientDataJSON: "client_data_json",
  attestationObject: "attestation_object",
  authenticatorData: "authenticator_data",
  userHandle: "user_handle",
};

const snake = ({ id, rawId, type, response }) => ({
  id,
  [SNAKE.rawId]: rawId,
  type,
  response: Object.fromEntries(Object.entries(response).map(([name, value]) => [SNAKE[name] ?? name, value])),
});

async function autionalFails(status, code, method, url, asked) {
  const { body } = await expect(status, "autional.error.res", method, url, asked);

  assert.equal(body.code, code, JSON.stringify(body));
  assert.equal(typeof body.message, "string");
  assert.match(body.timestamp, /^\d{4}-\d\d-\d\dT/);
}

async function autionalUser() {
  const user = newUser();
  const token = await bearer("autional", user, { userName: `${user}@example.org` });

  return { user, headers: { Authorization: `Bearer ${token}` } };
}

async function factor(browser, headers) {
  const begun = await expect(200, "autional.register-begin.res", "POST", M("/register"), { headers, body: { display_name: "Ann" } });
  const credential = browser.create(begun.body.data.publicKey);
  const made = await expect(200, "autional.mfa.credential.res", "POST", M("/register/verify"), { headers, body: snake(credential) });

  return { options: begun.body.data.publicKey, credential, item: made.body.data };
}

test("M1 to M4: second factors", async () => {
  const browser = new Browser();
  const { headers } = await autionalUser();
  const { options, credential, item } = await factor(browser, headers);

  assert.deepEqual(options.pubKeyCredParams.map(({ alg }) => alg), [-8, -7, -257]);
  assert.deepEqual([options.timeout, options.attestation, options.excludeCredentials], [300000, "none", undefined]);
  assert.deepEqual([item.id, item.credential_id], [credential.id, credential.id]);
  const listed = await expect(200, "autional.mfa.credentials-list.res", "GET", M("?page=1&page_size=20"), { headers });
  assert.deepEqual([listed.body.total, listed.body.items.length, listed.body.pagination.page], [1, 1, 1]);
  const url = M(`/${item.id}`);
  await expect(200, "autional.mfa.credential.res", "GET", url, { headers });
  const named = await expect(200, "autional.mfa.credential.res", "PUT", url, { headers, body: { name: "blue" } });
  assert.equal(named.body.data.name, "blue");
  await expect(200, "autional.mfa.credential.res", "PUT", url, { headers, body: { name: "é".repeat(128) } });
  await autionalFails(400, 40000001, "PUT", url, { headers, body: {} });
  await autionalFails(400, 40000001, "PUT", url, { headers, body: { name: "é".repeat(129) } });
  const other = await autionalUser();
  for (const [method, body] of [["GET"], ["PUT", { name: "x" }], ["DELETE"]])
    await autionalFails(404, 40000604, method, url, { headers: other.headers, body });
  await expect(204, null, "DELETE", url, { headers });
  for (const [method, body] of [["GET"], ["PUT", { name: "x" }], ["DELETE"]])
    await autionalFails(404, 40000604, method, url, { headers, body });
});

test("M2, M3: one registration at a time, and what is refused", async () => {
  const browser = new Browser();
  const { headers } = await autionalUser();
  const begin = async () => (await call("POST", M("/register"), { headers, body: {} })).body.data.publicKey;
  const verify = (body, more = headers) => ["POST", M("/register/verify"), { headers: more, body }];
  const first = snake(browser.create(await begin()));
  const second = snake(browser.create(await begin()));

  await autionalFails(400, 40000602, ...verify(first));
  await autionalFails(400, 40000601, ...verify(second));
  await autionalFails(400, 40000001, ...verify({}));
  await autionalFails(401, 40000501, ...verify({}, {}));
  await autionalFails(401, 40000501, ...verify({}, { Authorization: "Bearer a.b.c" }));
  for (const [method, path] of [["GET", ""], ["GET", "/AAAA"], ["DELETE", "/AAAA"], ["POST", "/register"]])
    await autionalFails(401, 40000501, method, M(path), { headers: { Authorization: "Bearer a.b.c" } });
  const { credential } = await factor(browser, headers);
  const options = await begin();
  const data = { type: "webauthn.create", challenge: options.challenge, origin };
  const again = { ...credential, response: { ...credential.response, clientDataJSON: Buffer.from(JSON.stringify(data)).toString("base64url") } };
  await autionalFails(400, 40000603, ...verify(snake(again)));
});

test("N1 to N8: the identity service", async (t) => {
  const { user, headers } = await autionalUser();
  const wrong = { Authorization: "Bearer a.b.c" };
  const begin = N("auth/webauthn/register/begin");

  await autionalFails(401, 40000501, "POST", begin, { body: { password: "x", user_name: "x" } });
  await autionalFails(401, 40000501, "POST", begin, { headers: wrong, body: {} });
  await autionalFails(400, 40000001, "POST", begin, { headers, body: { user_name: "x" } });
  const options = await expect(200, "autional.login-options.res", "POST", N("auth/webauthn/authenticate/begin"), { body: { mediation: "conditional" } });
  assert.deepEqual(options.body.data.publicKey.allowCredentials, []);
  await expect(200, "autional.login-options.res", "POST", N("auth/webauthn/authenticate/begin"));
  await autionalFails(400, 40000001, "POST", N("auth/webauthn/authenticate/complete"), { body: {} });
  await autionalFails(400, 40000001, "POST", N("auth/webauthn/login/complete"), { headers, body: {} });
  await expect(200, "autional.simple.res", "GET", N("auth/me/webauthn-credentials"), { headers });
  await autionalFails(404, 40000604, "DELETE", N("auth/me/webauthn-credentials/AAAA"), { headers });
  await autionalFails(401, 40000501, "GET", N("auth/me/webauthn-credentials"), { headers: wrong });
  await autionalFails(404, 40000102, "GET", N("auth/me/webauthn-credentials"), { headers: { ...headers, "X-Tenant-ID": "another" } }).catch((error) => {
    if (autional.tenantId) throw error; // where there is no tenant, every name is right
  });
  const both = await call("GET", N("auth/me/webauthn-credentials").replace("identity-service", "identity"), { headers });
  assert.equal(both.status, 200);
  assert.equal((await call("GET", M().replace("mfa-service", "mfa"), { headers })).status, 200);

  const { password } = autional;
  if (!password) return t.skip("the scene knows no password");
  await autionalFails(401, 40000502, "POST", begin, { headers, body: { password: `${password}?`, user_name: "x" } });
  await autionalFails(401, 40000502, "POST", N("auth/webauthn/login/begin"), { headers, body: { password: `${password}?` } });
  const browser = new Browser();
  const begun = await expect(200, "autional.register-begin.res", "POST", begin, { headers, body: { password, user_name: "label" } });
  assert.equal(begun.body.data.publicKey.user.name, "label");
  await expect(200, "autional.simple.res", "POST", N("auth/webauthn/register/complete"), {
    headers,
    body: { credential: snake(browser.create(begun.body.data.publicKey)) },
  });
  const named = await expect(200, "autional.login-options.res", "POST", N("auth/webauthn/authenticate/begin"), { body: { email: `${user}@example.org` } });
  const signedIn = await expect(200, "autional.simple.res", "POST", N("auth/webauthn/authenticate/complete"), {
    body: { credential: snake(browser.get(named.body.data.publicKey)) },
  });
  assert.equal(claims(signedIn.body.data.access_token).sub, user);
  const stepUp = await expect(200, "autional.login-options.res", "POST", N("auth/webauthn/login/begin"), { headers, body: { password } });
  await expect(200, "autional.simple.res", "POST", N("auth/webauthn/login/complete"), { headers, body: snake(browser.get(stepUp.body.data.publicKey)) });
});
