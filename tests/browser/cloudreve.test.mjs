// SPDX-License-Identifier: BSD-2-Clause
// A short client of our own after Cloudreve's web page: no client of it is published.
import assert from "node:assert/strict";
import test from "node:test";

import { bearer, Browser, call, newUser, scene } from "./scene.mjs";

const { baseUrl } = scene.dialects.cloudreve;

/** The page's credential objects: no more members than it sends. */
function page(credential) {
  const { id, type, rawId, response } = credential;

  if (response.signature === undefined)
    return JSON.stringify({
      id,
      type,
      rawId,
      response: { attestationObject: response.attestationObject, clientDataJSON: response.clientDataJSON },
    });
  return JSON.stringify({
    id,
    type,
    rawId,
    response: {
      attestationObject: "",
      clientDataJSON: response.clientDataJSON,
      signature: response.signature,
      userHandle: response.userHandle,
      authenticatorData: response.authenticatorData,
    },
  });
}

async function ask(method, path, headers, body) {
  const answer = await call(method, `${baseUrl}${path}`, { headers, body });

  assert.equal(answer.status, 200);
  return answer.body;
}

async function person() {
  const user = newUser();
  const email = `${user}@example.org`;
  const token = await bearer("cloudreve", user, { userName: email, displayName: "Luke" });

  return { user, email, headers: { Authorization: `Bearer ${token}` } };
}

async function register(browser, headers) {
  const begun = await ask("PUT", "/user/authn", headers);

  assert.equal(begun.code, 0);
  return ask("POST", "/user/authn", headers, {
    response: page(browser.create(begun.data.publicKey)),
    name: "{browser} on {os}",
    ua: "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
  });
}

test("register, sign in, list, remove", async () => {
  const browser = new Browser();
  const { user, email, headers } = await person();
  const made = await register(browser, headers);

  assert.equal(made.code, 0, JSON.stringify(made));
  assert.equal(made.data.name, "Firefox on Linux");
  const begun = await ask("PUT", "/session/authn");
  assert.match(begun.data.session_id, /^[0-9a-f-]{36}$/);
  const signedIn = await ask("POST", "/session/authn", {}, {
    response: page(browser.get(begun.data.options.publicKey)),
    session_id: begun.data.session_id,
  });
  assert.equal(signedIn.code, 0, JSON.stringify(signedIn));
  assert.equal(signedIn.data.user.id, user);
  assert.equal(signedIn.data.user.email, email);
  const fresh = { Authorization: `Bearer ${signedIn.data.token.access_token}` };
  const settings = await ask("GET", "/user/setting", fresh);
  assert.equal(settings.data.passkeys.length, 1);
  const { id } = settings.data.passkeys[0];
  assert.equal((await ask("DELETE", `/user/authn?id=${encodeURIComponent(id)}`, fresh)).code, 0);
  assert.equal((await ask("GET", "/user/setting", fresh)).data.passkeys, undefined);
});

test("a session counts once", async () => {
  const browser = new Browser();
  const { headers } = await person();
  await register(browser, headers);
  const begun = await ask("PUT", "/session/authn");
  const body = { response: page(browser.get(begun.data.options.publicKey)), session_id: begun.data.session_id };

  assert.equal((await ask("POST", "/session/authn", {}, body)).code, 0);
  const again = await ask("POST", "/session/authn", {}, body);
  assert.equal(again.code, 404);
  assert.equal(again.msg, "Session not found");
});

test("nobody signed in; a refresh token as bearer", async () => {
  assert.equal((await ask("PUT", "/user/authn")).code, 401);
  const browser = new Browser();
  const { headers } = await person();
  await register(browser, headers);
  const begun = await ask("PUT", "/session/authn");
  const { data } = await ask("POST", "/session/authn", {}, {
    response: page(browser.get(begun.data.options.publicKey)),
    session_id: begun.data.session_id,
  });
  const refused = await ask("PUT", "/user/authn", { Authorization: `Bearer ${data.token.refresh_token}` });
  assert.equal(refused.code, 40020);
  assert.match(refused.correlation_id, /^[0-9a-f-]{36}$/);
});
