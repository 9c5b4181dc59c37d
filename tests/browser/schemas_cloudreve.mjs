// SPDX-License-Identifier: BSD-2-Clause
// Cloudreve's calls, C1 to C8, row by row.
import assert from "node:assert/strict";
import test from "node:test";

import { ALGORITHMS, another, claims, expect, json, problems } from "./contract.mjs";
import { bearer, Browser, call, newUser, origin, scene } from "./scene.mjs";

const C = (path) => `${scene.dialects.cloudreve.baseUrl}${path}`;
const FAILED = "cloudreve.error.res";

async function cloudreveFails(code, msg, method, path, asked = {}) {
  const { body, headers } = await expect(200, FAILED, method, C(path), asked);

  assert.equal(body.code, code, JSON.stringify(body));
  assert.equal(body.msg, msg);
  assert.equal(headers.get("cache-control"), "private, no-cache");
  return body;
}

async function cloudreveUser() {
  const user = newUser();
  const token = await bearer("cloudreve", user, { userName: `${user}@example.org`, displayName: "Luke" });

  return { user, headers: { Authorization: `Bearer ${token}` } };
}

const page = ({ id, type, rawId, response }) => JSON.stringify({ id, type, rawId, response });
const AGENT = { name: "{browser} on {os}", ua: "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0" };

async function cloudreveRegister(browser, headers) {
  const begun = await expect(200, "cloudreve.user-authn.put.res", "PUT", C("/user/authn"), { headers: json(headers) });
  const credential = browser.create(begun.body.data.publicKey);
  const made = await expect(200, "cloudreve.user-authn.post.res", "POST", C("/user/authn"), {
    headers,
    body: { response: page(credential), ...AGENT },
  });

  return { options: begun.body.data.publicKey, credential, passkey: made.body.data };
}

test("C1, C2: registration", async () => {
  const browser = new Browser();
  const { user, headers } = await cloudreveUser();
  const { options, credential, passkey } = await cloudreveRegister(browser, headers);

  assert.deepEqual(Object.keys(options), ["rp", "user", "challenge", "pubKeyCredParams", "timeout", "authenticatorSelection"]);
  assert.deepEqual(options.pubKeyCredParams.map(({ alg }) => alg), ALGORITHMS);
  assert.deepEqual(options.authenticatorSelection, { requireResidentKey: true, userVerification: "preferred" });
  assert.equal(options.timeout, 300000);
  assert.equal(Buffer.from(options.user.id, "base64url").toString(), user);
  assert.deepEqual([options.user.name, options.user.displayName], [`${user}@example.org`, "Luke"]);
  assert.equal(passkey.name, "Firefox on Linux");
  assert.equal(passkey.id, Buffer.from(credential.id, "base64url").toString("base64"));
  assert.equal(passkey.used_at, undefined);
  const other = new Browser();
  const named = async (name) => {
    const begun = await call("PUT", C("/user/authn"), { headers });
    return ["POST", "/user/authn", { headers, body: { response: page(other.create(another(begun.body.data.publicKey))), ...AGENT, name } }];
  };
  const [method, path, asked] = await named("é".repeat(255));
  const long = await expect(200, "cloudreve.user-authn.post.res", method, C(path), asked);
  assert.equal(long.body.data.name, "é".repeat(255));
  assert.equal(long.headers.get("content-type"), "application/json; charset=utf-8");
  await call("DELETE", C(`/user/authn?id=${encodeURIComponent(long.body.data.id)}`), { headers });
  await cloudreveFails(40001, "Name cannot have more than 255 characters", ...(await named("é".repeat(256))));
  const again = await expect(200, "cloudreve.user-authn.put.res", "PUT", C("/user/authn"), { headers });
  assert.deepEqual(again.body.data.publicKey.excludeCredentials.map(({ id }) => id), [credential.id]);
});

test("C2: one registration of a user at a time, gone with its first answer", async () => {
  const browser = new Browser();
  const { headers } = await cloudreveUser();
  const begin = async () => (await call("PUT", C("/user/authn"), { headers })).body.data.publicKey;
  const send = (response) => ["POST", "/user/authn", { headers, body: { response, ...AGENT } }];
  const first = browser.create(await begin());
  const second = browser.create(await begin());

  await cloudreveFails(40025, "Failed to finish registration", ...send(page(first)));
  await cloudreveFails(404, "Session not found", ...send(page(second)));
  await begin();
  await cloudreveFails(40001, "Failed to parse request", ...send("{}"));
  await cloudreveFails(404, "Session not found", ...send("{}"));
  const third = browser.create(await begin());
  await cloudreveFails(40001, "Failed to parse request", ...send(`${page(third)}{}`));
  const other = browser.create(await begin(), "https://localhost");
  await cloudreveFails(40025, "Failed to finish registration", ...send(page(other)));
});

test("C1 to C3: who may not, and what is malformed", async () => {
  const { headers } = await cloudreveUser();
  const wrong = { Authorization: "Bearer a.b.c" };
  const LOGIN = [401, "Login required"];
  const send = (text, more = headers) => ["POST", "/user/authn", { headers: more, text }];
  const noId = ({ correlation_id: id }) => assert.equal(id, undefined);

  for (const [method, path] of [["PUT", "/user/authn"], ["POST", "/user/authn"], ["DELETE", "/user/authn?id=AAAA"], ["GET", "/user/setting"]])
    for (const each of [{}, wrong]) await cloudreveFails(...LOGIN, method, path, { headers: each });
  await cloudreveFails(...LOGIN, ...send("{", wrong));
  await cloudreveFails(...LOGIN, "DELETE", "/user/authn", { headers: wrong });
  noId(await cloudreveFails(40001, "Parameter error", ...send("{")));
  noId(await cloudreveFails(40001, "JSON marshall error", ...send('{"response":7}')));
  noId(await cloudreveFails(40001, "Response cannot be empty", ...send("{}")));
  noId(await cloudreveFails(40001, "Name cannot be empty", ...send('{"response":"x"}')));
  noId(await cloudreveFails(40001, "UA cannot be empty", ...send('{"response":"x","name":"x"}')));
  noId(await cloudreveFails(40001, "ID cannot be empty", "DELETE", "/user/authn", { headers }));
  const id = "3f0c9a52-6f5b-4c59-8f9b-6b6a1d1f2e3c";
  const named = await cloudreveFails(404, "Passkey not found", "DELETE", "/user/authn?id=AAAA", {
    headers: { ...headers, "X-Cr-Correlation-Id": id },
  });
  assert.equal(named.correlation_id, id);
});

test("C2: a passkey that is there already, one's own and another user's", async () => {
  const browser = new Browser();
  const one = await cloudreveUser();
  const { credential } = await cloudreveRegister(browser, one.headers);

  for (const [who, code, msg] of [[one, 50001, "Failed to add passkey"], [await cloudreveUser(), 40025, "Failed to finish registration"]]) {
    const { body } = await call("PUT", C("/user/authn"), { headers: who.headers });
    const data = { type: "webauthn.create", challenge: body.data.publicKey.challenge, origin };
    // Without an attestation's signature the client data may be another's.
    const again = { ...credential, response: { ...credential.response, clientDataJSON: Buffer.from(JSON.stringify(data)).toString("base64url") } };
    await cloudreveFails(code, msg, "POST", "/user/authn", { headers: who.headers, body: { response: page(again), ...AGENT } });
  }
});

test("C3 to C6: sign-in, settings, removal", async () => {
  const browser = new Browser();
  const { user, headers } = await cloudreveUser();
  const { passkey } = await cloudreveRegister(browser, headers);
  const begin = async () => (await expect(200, "cloudreve.session-authn.put.res", "PUT", C("/session/authn"), { headers: json() })).body.data;
  const begun = await begin();
  const send = (response, id) => ({ body: { response, session_id: id } });
  const answer = browser.get(begun.options.publicKey);

  assert.deepEqual(Object.keys(begun.options.publicKey).sort(), ["challenge", "rpId", "timeout"]);
  answer.response.attestationObject = "";
  const done = await expect(200, "cloudreve.session-authn.post.res", "POST", C("/session/authn"), send(page(answer), begun.session_id));
  assert.equal(done.body.data.user.id, user);
  assert.equal(problems("cloudreve.access-token-claims", claims(done.body.data.token.access_token)), "");
  assert.equal(problems("cloudreve.refresh-token-claims", claims(done.body.data.token.refresh_token)), "");
  await cloudreveFails(404, "Session not found", "POST", "/session/authn", send(page(answer), begun.session_id));
  await cloudreveFails(40001, "Failed to parse request", "POST", "/session/authn", send("x", (await begin()).session_id));
  const late = await begin();
  await cloudreveFails(40025, "Failed to validate login", "POST", "/session/authn", send(page(answer), late.session_id));
  await cloudreveFails(404, "Session not found", "POST", "/session/authn", send(page(answer), late.session_id));
  await cloudreveFails(40001, "SessionID cannot be empty", "POST", "/session/authn", { body: { response: "x" } });
  await cloudreveFails(40020, "Invalid token type", "PUT", "/user/authn", { headers: { Authorization: `Bearer ${done.body.data.token.refresh_token}` } });

  const setting = await expect(200, "cloudreve.user-setting.get.res", "GET", C("/user/setting"), { headers });
  assert.deepEqual(setting.body.data.passkeys.map(({ id }) => id), [passkey.id]);
  const removal = ["DELETE", `/user/authn?id=${encodeURIComponent(passkey.id)}`];
  const other = await cloudreveUser();
  await cloudreveFails(404, "Passkey not found", ...removal, { headers: other.headers });
  await expect(200, "cloudreve.user-authn.delete.res", removal[0], C(removal[1]), { headers: json(headers) });
  await cloudreveFails(404, "Passkey not found", ...removal, { headers });
  const empty = await expect(200, "cloudreve.user-setting.get.res", "GET", C("/user/setting"), { headers });
  assert.equal("passkeys" in empty.body.data, false);
});

test("C7, C8: before the sign-in", async () => {
  const browser = new Browser();
  const { user, headers } = await cloudreveUser();
  const path = `/session/prepare?email=${encodeURIComponent(`${user}@example.org`)}`;
  const enabled = async () => (await expect(200, "cloudreve.session-prepare.get.res", "GET", C(path))).body.data.webauthn_enabled;

  assert.equal(await enabled(), false);
  await cloudreveRegister(browser, headers);
  assert.equal(await enabled(), true);
  await cloudreveFails(404, "User not found", "GET", "/session/prepare?email=nobody");
  assert.equal((await call("GET", C("/site/config/login"))).body.data.authn, true);
});
