// SPDX-License-Identifier: BSD-2-Clause
// Authsignal's calls, A1 to A8 and S1 to S3, row by row.
import assert from "node:assert/strict";
import test from "node:test";

import { expect } from "./contract.mjs";
import { Browser, call, newUser, scene } from "./scene.mjs";

const signal = scene.dialects.authsignal;
const S = (path) => `${signal.baseUrl}/${path}`;
const A = (path) => S(`client/${path}`);
const basic = (text, encoding = "base64") => ({ Authorization: `Basic ${Buffer.from(text).toString(encoding)}` });
const secret = basic(`${signal.secret}:`);
const tenant = basic(encodeURIComponent(signal.tenantId));
const REFUSED = "authsignal.error.res";

async function signalFails(status, error, method, url, asked) {
  const { body } = await expect(status, REFUSED, method, url, asked);

  assert.equal(body.error, error, JSON.stringify(body));
  assert.equal(body.errorCode, error);
  assert.equal(typeof body.errorDescription, "string");
}

async function track(user, body = {}, action = "signUp") {
  const path = S(`users/${encodeURIComponent(user)}/actions/${action}`);
  const tracked = await expect(200, "authsignal.server.track.res", "POST", path, { headers: secret, body });

  return { ...tracked.body, headers: { Authorization: `Bearer ${tracked.body.token}` } };
}

async function signalUser(browser, wishes = {}) {
  const user = newUser();
  const { headers, idempotencyKey } = await track(user, { username: `${user}@example.org` });
  const begun = await expect(200, "authsignal.registration-options.res", "POST", A("user-authenticators/passkey/registration-options"), {
    headers,
    body: wishes,
  });
  const credential = browser.create(begun.body.options);
  const made = await expect(200, "authsignal.add-authenticator.res", "POST", A("user-authenticators/passkey"), {
    headers,
    body: { challengeId: begun.body.challengeId, registrationCredential: credential, conditionalCreate: false },
  });

  return { user, headers, idempotencyKey, options: begun.body.options, credential, made: made.body };
}

async function validated(token, more = {}) {
  return (await expect(200, "authsignal.server.validate.res", "POST", S("validate"), { headers: secret, body: { token, ...more } })).body;
}

test("A1, A2: registration", async () => {
  const { user, options, credential, made, idempotencyKey } = await signalUser(new Browser(), { displayName: "Ann", authenticatorAttachment: null });

  assert.deepEqual(options.pubKeyCredParams.map(({ alg }) => alg), [-8, -7, -257]);
  assert.deepEqual([options.timeout, options.attestation, options.excludeCredentials], [60000, "none", []]);
  assert.equal(options.user.displayName, "Ann");
  assert.equal(typeof options.authenticatorSelection.requireResidentKey, "boolean");
  assert.equal(options.extensions.credProps, true);
  assert.deepEqual([made.isVerified, made.userId, made.credentialId], [true, user, credential.id]);
  assert.equal("error" in made, false);
  const checked = await validated(made.accessToken);
  assert.deepEqual([checked.isValid, checked.actionCode, checked.idempotencyKey], [true, "signUp", idempotencyKey]);
  const payment = await signalUser(new Browser(), { securePaymentConfirmation: true, instrumentDisplayName: "Visa 1234" });
  assert.deepEqual(payment.options.extensions.payment, { isPayment: true });
  assert.equal(payment.options.authenticatorSelection.authenticatorAttachment, "platform");
  assert.equal(payment.options.authenticatorSelection.userVerification, "required");
});

test("A1, A2: what is refused", async () => {
  const url = A("user-authenticators/passkey/registration-options");
  const { headers } = await track(newUser());

  await signalFails(401, "unauthorized", "POST", url, { body: {} });
  await signalFails(401, "invalid_token", "POST", url, { headers: { Authorization: "Bearer a.b.c" }, body: {} });
  await signalFails(401, "invalid_token", "POST", url, { headers: { Authorization: "Bearer a.b.c" }, text: "{" });
  await signalFails(400, "invalid_request", "POST", url, { headers, text: "{" });
  await signalFails(400, "invalid_request", "POST", url, { headers, body: { username: "x".repeat(256) } });
  await expect(200, "authsignal.registration-options.res", "POST", url, { headers, body: { username: "x".repeat(255), displayName: "é".repeat(255) } });
  await signalFails(400, "invalid_request", "POST", url, { headers, body: { securePaymentConfirmation: "yes" } });
  await signalFails(400, "invalid_request", "POST", A("user-authenticators/passkey"), { headers, body: {} });
  const begun = await call("POST", url, { headers });
  const credential = new Browser().create(begun.body.options, "https://localhost");
  const body = { challengeId: begun.body.challengeId, registrationCredential: credential };
  const answer = await expect(200, "authsignal.add-authenticator.res", "POST", A("user-authenticators/passkey"), { headers, body });
  assert.deepEqual(answer.body, { isVerified: false });
  await signalFails(400, "invalid_request", "POST", A("user-authenticators/passkey"), { headers, body });
});

test("A3 to A5, A8: sign-in", async () => {
  const browser = new Browser();
  const { user, headers, credential } = await signalUser(browser);
  const spellings = [tenant, basic(`${signal.tenantId}:`), basic(`${signal.tenantId}:`, "base64url"), headers];
  const options = async (more, body, web = "") => (await expect(200, "authsignal.authentication-options.res", "POST", A(`user-authenticators/passkey/authentication-options${web}`), { headers: more, body })).body;
  const verify = (more, body) => ["POST", A("verify/passkey"), { headers: more, body }];

  for (const each of spellings) {
    const begun = await options(each, {}, each === tenant ? "/web" : "");
    const done = await expect(200, "authsignal.verify-passkey.res", ...verify(each, { challengeId: begun.challengeId, authenticationCredential: browser.get(begun.options), deviceId: "d" }));

    assert.deepEqual(begun.options.allowCredentials.map(({ id }) => id), each === headers ? [credential.id] : []);
    assert.deepEqual([done.body.isVerified, done.body.userId, done.body.username], [true, user, `${user}@example.org`]);
  }
  const challenge = await expect(200, "authsignal.challenge.res", "POST", A("challenge"), { headers: tenant, body: { action: "signIn", idempotencyKey: "k 1" } });
  const begun = await options(tenant, { challengeId: challenge.body.challengeId, username: `${user}@example.org` });
  assert.deepEqual(begun.options.allowCredentials.map(({ id }) => id), [credential.id]);
  const body = { challengeId: begun.challengeId, authenticationCredential: browser.get(begun.options) };
  const done = await expect(200, "authsignal.verify-passkey.res", ...verify(tenant, body));
  const checked = await validated(done.body.accessToken, { action: "signIn", userId: user });
  assert.deepEqual([checked.isValid, checked.state, checked.actionCode, checked.idempotencyKey, checked.verificationMethod],
    [true, "CHALLENGE_SUCCEEDED", "signIn", "k 1", "PASSKEY"]);
  await signalFails(400, "invalid_request", ...verify(tenant, body));
  const again = await options(tenant, {});
  const late = await expect(200, "authsignal.verify-passkey.res", ...verify(tenant, { ...body, challengeId: again.challengeId }));
  assert.deepEqual(late.body, { isVerified: false });
  assert.deepEqual((await options(tenant, { username: "nobody" })).options.allowCredentials, []);
  await signalFails(400, "invalid_request", "POST", A("challenge"), { headers: tenant, body: { action: "no action" } });
  await signalFails(401, "unauthorized", "POST", A("challenge"), { headers: basic("another"), body: {} });
  const stranger = new Browser();
  stranger.create({ ...(await track(newUser()).then(({ headers: h }) => call("POST", A("user-authenticators/passkey/registration-options"), { headers: h }))).body.options });
  const other = await options(tenant, {});
  await signalFails(400, "unknown_credential", ...verify(tenant, { challengeId: other.challengeId, authenticationCredential: stranger.get(other.options) }));
});

test("A6, A7: authenticators", async () => {
  const { headers, credential } = await signalUser(new Browser());
  const listed = await expect(200, "authsignal.user-authenticators.list.res", "GET", A("user-authenticators"), { headers });

  assert.deepEqual(listed.body.map(({ webauthnCredential }) => webauthnCredential.credentialId), [credential.id]);
  for (const query of [`credentialIds=AAAA,${credential.id}`, `credentialId=${credential.id}`]) {
    const found = await expect(200, "authsignal.user-authenticators-passkey.get.res", "GET", A(`user-authenticators/passkey?${query}`), { headers: tenant });
    assert.deepEqual(Object.keys(found.body).sort(), ["credentialId", "verifiedAt"]);
    assert.equal(found.body.credentialId, credential.id);
  }
  await signalFails(400, "invalid_credential", "GET", A("user-authenticators/passkey?credentialId=AAAA"), { headers: tenant });
  await signalFails(400, "invalid_request", "GET", A("user-authenticators/passkey"), { headers: tenant });
  await signalFails(401, "unauthorized", "GET", A("user-authenticators/passkey?credentialId=AAAA"));
  await signalFails(401, "unauthorized", "GET", A("user-authenticators"));
});

test("S1 to S3: the server's calls", async () => {
  const browser = new Browser();
  const { user, made } = await signalUser(browser);
  const again = await track(user, { idempotencyKey: "mine", scope: "add:authenticators" }, "pay");

  assert.deepEqual([again.isEnrolled, again.idempotencyKey, again.state], [true, "mine", "CHALLENGE_REQUIRED"]);
  const unused = await validated(again.token);
  assert.deepEqual([unused.isValid, unused.state, unused.actionCode, unused.idempotencyKey], [false, "CHALLENGE_REQUIRED", "pay", "mine"]);
  const begun = await call("POST", A("user-authenticators/passkey/authentication-options"), { headers: again.headers, body: {} });
  const done = await call("POST", A("verify/passkey"), {
    headers: again.headers,
    body: { challengeId: begun.body.challengeId, authenticationCredential: browser.get(begun.body.options) },
  });
  const checked = await validated(done.body.accessToken);
  assert.deepEqual([checked.isValid, checked.actionCode, checked.idempotencyKey, checked.userId], [true, "pay", "mine", user]);
  assert.equal((await validated(done.body.accessToken, { action: "other" })).isValid, false);
  assert.equal((await validated("a.b.c")).isValid, false);
  await signalFails(401, "unauthorized", "POST", S("validate"), { headers: basic("wrong:"), body: { token: "x" } });
  await signalFails(401, "unauthorized", "POST", S("validate"), { headers: basic("wrong:"), body: {} });
  await signalFails(400, "invalid_request", "POST", S("validate"), { headers: secret, body: {} });
  const all = S(`users/${user}/authenticators`);
  const listed = await expect(200, "authsignal.user-authenticators.list.res", "GET", all, { headers: secret });
  assert.deepEqual(listed.body.map(({ userAuthenticatorId }) => userAuthenticatorId), [made.userAuthenticatorId]);
  assert.equal((await call("DELETE", `${all}/${made.userAuthenticatorId}`, { headers: secret })).status, 200);
  await signalFails(404, "not_found", "DELETE", `${all}/${made.userAuthenticatorId}`, { headers: secret });
  await signalFails(401, "unauthorized", "GET", all, { headers: tenant });
});
