// SPDX-License-Identifier: BSD-2-Clause
// Hanko's calls, H1 to H15, row by row.
import assert from "node:assert/strict";
import test from "node:test";

import { ALGORITHMS, another, claims, expect, head, json, problems } from "./contract.mjs";
import { Browser, call, newUser, origin, scene } from "./scene.mjs";

const hanko = scene.dialects.hanko;
const H = (path) => `${hanko.baseUrl}${hanko.tenantId}/${path}`;
const withKey = { apiKey: hanko.apiKey };
const noKey = { apiKey: "x".repeat(88) };
const ERROR = "hanko.error.res";

async function hankoFails(status, title, details, method, url, asked) {
  const { body, headers } = await expect(status, ERROR, method, url, asked);

  assert.equal(body.title, title);
  if (details !== undefined) assert.equal(body.details, details);
  assert.equal(body.status, status);
  assert.match(headers.get("x-request-id") ?? "", /^[0-9a-f-]{36}$/);
  return body;
}

async function hankoUser(browser, mfa = "", id = newUser()) {
  const user = { user_id: id, username: "ann" };
  const begun = await expect(200, "hanko.registration-initialize.res", "POST", H(`${mfa}registration/initialize`), {
    headers: withKey,
    body: user,
  });
  const credential = browser.create(another(begun.body.publicKey));
  const made = await expect(200, "hanko.token.res", "POST", H(`${mfa}registration/finalize`), {
    headers: mfa ? withKey : {},
    body: credential,
  });

  assert.equal(problems("hanko.registration-finalize.req", credential), "");
  return { user, options: begun.body.publicKey, credential, token: made.body.token };
}

test("H1, H2: registration", async () => {
  const { user, options, credential, token } = await hankoUser(new Browser());

  assert.deepEqual(options.pubKeyCredParams.map(({ alg }) => alg), ALGORITHMS);
  assert.equal(options.attestation, "direct");
  assert.equal(options.user.displayName, "ann");
  assert.equal(Buffer.from(options.user.id, "base64url").toString(), user.user_id);
  assert.equal(Buffer.from(options.challenge, "base64url").length, 32);
  assert.deepEqual(options.authenticatorSelection, {
    requireResidentKey: true,
    residentKey: "required",
    userVerification: "required",
  });
  assert.equal(problems("hanko.jwt-claims", claims(token)), "");
  assert.deepEqual(Object.keys(head(token)).sort(), ["alg", "kid", "typ"]);
  const { sub, cred, iat, exp, aud } = claims(token);
  assert.deepEqual([sub, cred, exp - iat, aud], [user.user_id, credential.id, 300, [scene.rpId]]);
  const used = ["POST", H("registration/finalize"), { body: credential }];
  await hankoFails(400, "received challenge does not match with any stored one", "", ...used);
});

test("H1: what is refused", async () => {
  const url = H("registration/initialize");
  const ask = (body, headers = withKey) => ["POST", url, { headers, body }];
  const KEY = ["The api key is invalid", "api keys needs to be an apiKey Header and 32 byte long"];
  const INVALID = "unable to validate request";

  await hankoFails(401, ...KEY, ...ask({}, {}));
  await hankoFails(401, ...KEY, ...ask({}, noKey));
  await hankoFails(401, ...KEY, "POST", url, { headers: noKey, text: "{" });
  await hankoFails(400, INVALID, "user_id is a required field and username is a required field", ...ask({}));
  await hankoFails(400, INVALID, "username cannot have more than 128 entries", ...ask({ user_id: "a", username: "é".repeat(129) }));
  await hankoFails(400, INVALID, undefined, ...ask({ user_id: "a".repeat(65), username: "a" }));
  await hankoFails(400, INVALID, "icon must be a valid URL", ...ask({ user_id: "a", username: "a", icon: "no" }));
  await hankoFails(400, "unable to process request", undefined, ...ask({ user_id: 7, username: "a" }));
  await hankoFails(400, "unable to process request", undefined, "POST", url, { headers: withKey, text: "{" });
  await hankoFails(400, "unable to process request", undefined, "POST", url, {
    headers: { ...withKey, "Content-Type": "text/plain" },
    text: "{}",
  });
  await expect(200, "hanko.registration-initialize.res", ...ask({ user_id: newUser(), username: "é".repeat(128), display_name: null, icon: null }));
});

test("H3, H4: login with and without a user", async () => {
  const browser = new Browser();
  const { user, credential } = await hankoUser(browser);
  const url = H("login/initialize");

  for (const asked of [{}, { body: {} }, { headers: json() }, { headers: withKey, body: { user_id: user.user_id } }]) {
    const begun = await expect(200, "hanko.login-initialize.res", "POST", url, asked);
    const { publicKey } = begun.body;
    const answer = browser.get(publicKey);

    assert.deepEqual(
      publicKey.allowCredentials,
      asked.body?.user_id ? [{ type: "public-key", id: credential.id }] : undefined,
    );
    const done = await expect(200, "hanko.token.res", "POST", H("login/finalize"), { body: answer });
    assert.equal(problems("hanko.jwt-claims", claims(done.body.token)), "");
    await hankoFails(401, "failed to get session data", "received challenge does not match with any stored one",
      "POST", H("login/finalize"), { body: answer });
  }
  await hankoFails(401, "api key is missing", "", "POST", url, { body: { user_id: user.user_id } });
  await hankoFails(400, "unable to validate request", "user_id must at least have 1 entry", "POST", url, { headers: withKey, body: { user_id: "" } });
  await hankoFails(404, "user not found", "", "POST", url, { headers: withKey, body: { user_id: newUser() } });
  await hankoFails(400, "unable to finish login", undefined, "POST", H("login/finalize"), { body: {} });
  const begun = await call("POST", url);
  await hankoFails(401, "failed to validate assertion", "Error validating origin", "POST", H("login/finalize"), {
    body: browser.get(begun.body.publicKey, "https://localhost"),
  });
});

test("H5 to H8: credentials", async () => {
  const browser = new Browser();
  const { user, credential } = await hankoUser(browser);
  const one = H(`credentials/${credential.id}`);
  const listed = await expect(200, "hanko.credentials.list.res", "GET", H(`credentials?user_id=${user.user_id}`), { headers: withKey });

  assert.equal(listed.body.length, 1);
  assert.equal(listed.headers.get("x-total-count"), "1");
  await expect(200, "hanko.credential.get.res", "GET", one, { headers: withKey });
  assert.equal(listed.body[0].name, `cred-${credential.id}`);
  assert.equal(listed.headers.get("content-type"), "application/json; charset=UTF-8");
  await expect(204, null, "PATCH", one, { headers: withKey, body: { name: "é".repeat(255) } });
  await expect(204, null, "PATCH", one, { headers: withKey, body: { name: "red" } });
  assert.equal((await call("GET", one, { headers: withKey })).body.name, "red");
  await hankoFails(400, "unable to validate request", "name is a required field", "PATCH", one, { headers: withKey, body: {} });
  await hankoFails(401, "The api key is invalid", undefined, "PATCH", one, { headers: noKey, body: {} });
  await expect(204, null, "DELETE", one, { headers: json(withKey) });
  for (const [method, body] of [["GET"], ["PATCH", { name: "x" }], ["DELETE"]])
    await hankoFails(404, `credential with id '${credential.id}' not found`, "", method, one, { headers: withKey, body });

  for (let i = 0; i < 3; i++) await hankoUser(new Browser(), "", user.user_id);
  const links = async (number) => {
    const { headers, body } = await expect(200, "hanko.credentials.list.res", "GET",
      H(`credentials?user_id=${user.user_id}&per_page=1&page=${number}&order=asc`), { headers: withKey });

    assert.deepEqual([headers.get("x-total-count"), body.length], ["3", 1]);
    assert.match(headers.get("link"), /^<[^>]+>; rel="[a-z]+"(,<[^>]+>; rel="[a-z]+")*$/);
    return [...headers.get("link").matchAll(/rel="([a-z]+)"/g)].map(([, rel]) => rel).sort();
  };
  assert.deepEqual(await links(1), ["last", "next"]);
  assert.deepEqual(await links(2), ["first", "last", "next", "prev"]);
  assert.deepEqual(await links(3), ["first", "prev"]);
});

test("H9: keys", async () => {
  const { headers, body } = await expect(200, "hanko.jwks.res", "GET", H(".well-known/jwks.json"));

  assert.equal(headers.get("cache-control"), "max-age=600");
  assert.ok(body.keys.length > 0);
});

test("H10 to H12: second factors", async () => {
  const browser = new Browser();
  const { user, options, credential } = await hankoUser(browser, "mfa/");

  assert.deepEqual(options.authenticatorSelection, {
    authenticatorAttachment: "cross-platform",
    requireResidentKey: false,
    residentKey: "discouraged",
    userVerification: "preferred",
  });
  const begun = await expect(200, "hanko.login-initialize.res", "POST", H("mfa/login/initialize"), { headers: withKey, body: { user_id: user.user_id } });
  await expect(200, "hanko.token.res", "POST", H("mfa/login/finalize"), { headers: withKey, body: browser.get(begun.body.publicKey) });
  await hankoFails(401, "The api key is invalid", undefined, "POST", H("mfa/login/finalize"), { body: credential });
  await hankoFails(400, "unable to validate request", "user_id is a required field", "POST", H("mfa/login/initialize"), { headers: withKey, body: {} });
  /* It is none for a first sign-in. */
  await hankoFails(500, "failed to create webauthn assertion options for login: Found no credentials for user", "",
    "POST", H("login/initialize"), { headers: withKey, body: { user_id: user.user_id } });
});

test("H13 to H15: transactions", async () => {
  const browser = new Browser();
  const { user } = await hankoUser(browser);
  const url = H("transaction/initialize");
  const wish = { user_id: user.user_id, transaction_id: newUser("t"), transaction_data: { b: 1, a: "<" } };
  const begun = await expect(200, "hanko.login-initialize.res", "POST", url, { headers: withKey, body: wish });

  assert.equal(begun.body.publicKey.challenge.length, 86);
  const done = await expect(200, "hanko.token.res", "POST", H("transaction/finalize"), { headers: withKey, body: browser.get(begun.body.publicKey) });
  assert.equal(claims(done.body.token).trans, wish.transaction_id);
  await hankoFails(409, "transaction already exists", "", "POST", url, { headers: withKey, body: wish });
  await hankoFails(404, "unable to find user", "", "POST", url, { headers: withKey, body: { ...wish, user_id: newUser(), transaction_id: newUser("t") } });
  await hankoFails(400, "unable to validate request", undefined, "POST", url, { headers: withKey, body: { user_id: "a" } });
  await hankoFails(401, "failed to get session data", "no transaction found for this challenge", "POST", H("transaction/finalize"),
    { headers: withKey, body: browser.get((await call("POST", H("login/initialize"))).body.publicKey) });
  const known = await hankoUser(browser, "", "6c1d7c3e-8f0a-4b1c-9d2e-3f4051627384");
  await call("POST", url, { headers: withKey, body: { ...wish, user_id: known.user.user_id, transaction_id: newUser("t") } });
  await hankoFails(400, "invalid user id", "", "GET", H(`transaction/${user.user_id}`), { headers: withKey });
  const listed = await expect(200, "hanko.transaction.list.res", "GET", H(`transaction/${known.user.user_id}`), { headers: withKey });
  assert.equal(listed.body[0].data, '{"a":"\\u003c","b":1}');
  const nobody = await expect(200, "hanko.transaction.list.res", "GET", H("transaction/7c1d7c3e-8f0a-4b1c-9d2e-3f4051627384"), { headers: withKey });
  assert.deepEqual(nobody.body, []);
});

test("Hanko: tenants, paths, other origins", async () => {
  const elsewhere = (tenant) => `${hanko.baseUrl}${tenant}/login/initialize`;

  await hankoFails(404, "tenant not found", "", "POST", elsewhere("8f4b1f6e-5e4f-4a41-9d3e-2f3f0d6c8a11"));
  await hankoFails(400, "tenant_id must be a valid uuid4", "", "POST", elsewhere("portal"));
  await hankoFails(404, "Not Found", "", "GET", H("nowhere"));
  await hankoFails(405, "Method Not Allowed", "", "GET", H("login/finalize"));
  const preflight = await fetch(H("login/initialize"), {
    method: "OPTIONS",
    headers: { Origin: origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type" },
  });
  assert.equal(preflight.headers.get("access-control-max-age"), "7200");
  assert.equal(preflight.headers.get("access-control-allow-credentials"), "true");
  assert.equal(preflight.headers.get("access-control-allow-origin"), origin);
});
