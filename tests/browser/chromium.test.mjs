// SPDX-License-Identifier: BSD-2-Clause
// The same clients where they are meant to run: in a browser, here Chromium.
import assert from "node:assert/strict";
import test from "node:test";

import { Authsignal } from "@authsignal/node";
import { generateRegistrationOptions, verifyAuthenticationResponse, verifyRegistrationResponse } from "@simplewebauthn/server";
import { tenant } from "@teamhanko/passkeys-sdk";

import { withPage } from "./chromium.mjs";
import { bearer, call, newUser, origin, scene } from "./scene.mjs";

const create = (page, options) => page.evaluate((optionsJSON) => simpleWebAuthn.startRegistration({ optionsJSON }), options);
const get = (page, options) => page.evaluate((optionsJSON) => simpleWebAuthn.startAuthentication({ optionsJSON }), options);

test("in Chromium", async (t) => {
  await withPage(origin, async (page, authenticator) => {
    await t.test("Hanko, by the converter that its documents use", async () => {
      const { baseUrl, tenantId, apiKey } = scene.dialects.hanko;
      const api = tenant({ baseUrl, tenantId, apiKey });
      const userId = newUser();

      await authenticator.plug();
      const made = await api.registration.initialize({ userId, username: userId });
      const credential = await page.evaluate((options) => webauthnJson.create(options), made);
      assert.ok((await api.registration.finalize(credential)).token);
      const asked = await api.login.initialize();
      const assertion = await page.evaluate((options) => webauthnJson.get(options), asked);
      assert.ok((await api.login.finalize(assertion)).token);
    });

    await t.test("Hanko's second factor, with a key that keeps nothing", async () => {
      const { baseUrl, tenantId, apiKey } = scene.dialects.hanko;
      const { mfa } = tenant({ baseUrl, tenantId, apiKey }).user(newUser());

      await authenticator.plug("usb");
      const made = await mfa.registration.initialize({ username: "second factor" });
      const credential = await page.evaluate((options) => webauthnJson.create(options), made);
      assert.ok((await mfa.registration.finalize(credential)).token);
      const assertion = await page.evaluate((options) => webauthnJson.get(options), await mfa.login.initialize());
      assert.ok((await mfa.login.finalize(assertion)).token);
    });

    await t.test("Authsignal's SDK for browsers", async () => {
      const { baseUrl, tenantId, secret } = scene.dialects.authsignal;
      const server = new Authsignal({ apiSecretKey: secret, apiUrl: baseUrl, retries: 0 });
      const userId = newUser();
      const { token } = await server.track({ userId, action: "signUp", attributes: { scope: "add:authenticators" } });

      await authenticator.plug();
      const made = await page.evaluate(
        async (settings, wishes) => new Authsignal(settings).passkey.signUp(wishes),
        { tenantId, baseUrl },
        { token, username: `${userId}@example.org` },
      );
      assert.ok(made.data?.token, JSON.stringify(made));
      const signedIn = await page.evaluate(
        async (settings) => new Authsignal(settings).passkey.signIn({ action: "signIn" }),
        { tenantId, baseUrl },
      );
      assert.equal(signedIn.data?.isVerified, true, JSON.stringify(signedIn));
      assert.equal((await server.validateChallenge({ token: signedIn.data.token })).userId, userId);
    });

    await t.test("Cloudreve", async () => {
      const { baseUrl } = scene.dialects.cloudreve;
      const token = await bearer("cloudreve", newUser(), { userName: "luke@example.org" });
      const headers = { Authorization: `Bearer ${token}` };

      await authenticator.plug();
      const begun = await call("PUT", `${baseUrl}/user/authn`, { headers });
      const made = await call("POST", `${baseUrl}/user/authn`, {
        headers,
        body: { response: JSON.stringify(await create(page, begun.body.data.publicKey)), name: "{browser}", ua: "x" },
      });
      assert.equal(made.body.code, 0, JSON.stringify(made.body));
      const asked = await call("PUT", `${baseUrl}/session/authn`);
      const signedIn = await call("POST", `${baseUrl}/session/authn`, {
        body: {
          response: JSON.stringify(await get(page, asked.body.data.options.publicKey)),
          session_id: asked.body.data.session_id,
        },
      });
      assert.equal(signedIn.body.code, 0, JSON.stringify(signedIn.body));
    });

    await t.test("our own calls, and a second relying party that agrees", async () => {
      const { baseUrl, apiKey } = scene.dialects.standard;
      const headers = { apiKey };
      const userId = newUser();

      await authenticator.plug();
      const begun = await call("POST", `${baseUrl}/registration/options`, {
        headers,
        body: { userId, userName: userId, residentKey: "required" },
      });
      assert.equal(begun.status, 200, JSON.stringify(begun.body));
      const options = begun.body.publicKey;
      const response = await create(page, options);
      const second = await verifyRegistrationResponse({
        response,
        expectedChallenge: options.challenge,
        expectedOrigin: origin,
        expectedRPID: scene.rpId,
      });
      assert.equal(second.verified, true);
      const made = await call("POST", `${baseUrl}/registration`, { headers, body: { id: begun.body.id, credential: response } });
      assert.equal(made.status, 201, JSON.stringify(made.body));

      const asked = await call("POST", `${baseUrl}/authentication/options`, { body: {} });
      const assertion = await get(page, asked.body.publicKey);
      const agreed = await verifyAuthenticationResponse({
        response: assertion,
        expectedChallenge: asked.body.publicKey.challenge,
        expectedOrigin: origin,
        expectedRPID: scene.rpId,
        credential: second.registrationInfo.credential,
      });
      assert.equal(agreed.verified, true);
      const signedIn = await call("POST", `${baseUrl}/authentication`, { body: { id: asked.body.id, credential: assertion } });
      assert.equal(signedIn.status, 200, JSON.stringify(signedIn.body));
      assert.equal(signedIn.body.user.userId, userId);
    });

    await t.test("options of the second relying party, with our challenge", async () => {
      const { baseUrl, apiKey } = scene.dialects.standard;
      const headers = { apiKey };
      const userId = newUser();

      await authenticator.plug();
      const begun = await call("POST", `${baseUrl}/registration/options`, { headers, body: { userId, userName: userId } });
      const options = await generateRegistrationOptions({
        rpName: "second",
        rpID: scene.rpId,
        userName: userId,
        userID: new TextEncoder().encode(userId),
        challenge: Buffer.from(begun.body.publicKey.challenge, "base64url"),
      });
      const made = await call("POST", `${baseUrl}/registration`, {
        headers,
        body: { id: begun.body.id, credential: await create(page, options) },
      });
      assert.equal(made.status, 201, JSON.stringify(made.body));
    });

    await t.test("a passkey that is registered is not made twice", async () => {
      const { baseUrl, apiKey } = scene.dialects.standard;
      const headers = { apiKey };
      const body = { userId: newUser(), userName: "twice" };

      await authenticator.plug();
      const first = await call("POST", `${baseUrl}/registration/options`, { headers, body });
      const credential = await create(page, first.body.publicKey);
      await call("POST", `${baseUrl}/registration`, { headers, body: { id: first.body.id, credential } });
      const second = await call("POST", `${baseUrl}/registration/options`, { headers, body });
      assert.equal(second.body.publicKey.excludeCredentials.length, 1);
      await assert.rejects(create(page, second.body.publicKey), /previously registered|InvalidState/);
    });
  });
});
