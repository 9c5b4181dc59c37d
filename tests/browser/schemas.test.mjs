// SPDX-License-Identifier: BSD-2-Clause
// Every call of every dialect, row by row of the services' contracts: whatever is answered, a result
// or an error, is as the schemas say, and every sample is what it says that it is.
import assert from "node:assert/strict";
import test from "node:test";

import { parse } from "yaml";

import { addOpenApi, expect, names, problems, samples, seen } from "./contract.mjs";
import { Browser, call, newUser, scene } from "./scene.mjs";
import "./schemas_authsignal.mjs";
import "./schemas_autional.mjs";
import "./schemas_cloudreve.mjs";
import "./schemas_hanko.mjs";

for (const dialect of ["hanko", "cloudreve", "authsignal", "autional"])
  test(`samples of ${dialect}`, () => {
    for (const { schema, valid, invalid } of samples(dialect)) {
      assert.ok(valid.length > 0, schema);
      for (const body of valid) assert.equal(problems(schema, body), "", `${schema} ${JSON.stringify(body)}`);
      for (const body of invalid) assert.notEqual(problems(schema, body), "", `${schema} ${JSON.stringify(body)}`);
    }
  });

// --- standard ------------------------------------------------------------------------------------

test("standard: what openapi.yaml says", async () => {
  const { baseUrl, apiKey } = scene.dialects.standard;
  const X = (path) => `${baseUrl}${path}`;
  const key = { apiKey };
  const PROBLEM = "openapi.Problem";
  const browser = new Browser();
  const userId = newUser();

  addOpenApi(parse(await (await fetch(X("/openapi.yaml"))).text()));
  const wrong = { apiKey: "x".repeat(88) };
  for (const [method, path, body] of [["POST", "/registration/options", {}], ["GET", "/credentials"], ["POST", "/tokens", {}], ["DELETE", "/credentials/AAAA"]]) {
    await expect(401, PROBLEM, method, X(path), { body });
    const { headers } = await expect(401, PROBLEM, method, X(path), { headers: wrong, body });
    assert.equal(headers.get("content-type"), "application/problem+json");
  }
  await expect(400, PROBLEM, "POST", X("/registration/options"), { headers: key, text: "{" });
  await expect(400, PROBLEM, "POST", X("/registration/options"), { headers: key, body: { unknown: 1 } });
  await expect(404, PROBLEM, "GET", X("/nowhere"));
  await expect(405, PROBLEM, "PUT", X("/credentials"));
  const token = await expect(200, "openapi.Token", "POST", X("/tokens"), { headers: key, body: { userId, userName: "ann" } });
  const bearerOf = { Authorization: `Bearer ${token.body.token}` };
  const begun = await expect(200, "openapi.BegunRegistration", "POST", X("/registration/options"), { headers: bearerOf, body: {} });
  const made = await expect(201, "openapi.Finished", "POST", X("/registration"), {
    headers: bearerOf,
    body: { id: begun.body.id, credential: browser.create(begun.body.publicKey) },
  });
  const asked = await expect(200, "openapi.BegunAuthentication", "POST", X("/authentication/options"), { body: {} });
  const body = { id: asked.body.id, credential: browser.get(asked.body.publicKey) };
  await expect(200, "openapi.Finished", "POST", X("/authentication"), { body });
  await expect(409, PROBLEM, "POST", X("/authentication"), { body });
  const one = X(`/credentials/${made.body.credential.credentialId}`);
  await expect(200, "openapi.Passkeys", "GET", X(`/credentials?userId=${userId}`), { headers: key });
  await expect(200, "openapi.Passkey", "GET", one, { headers: key });
  await expect(200, "openapi.Passkey", "PATCH", one, { headers: key, body: { name: "red" } });
  await expect(204, null, "DELETE", one, { headers: key });
  await expect(404, PROBLEM, "DELETE", one, { headers: key });
  assert.ok((await call("GET", X("/.well-known/jwks.json"))).body.keys.length > 0);
});

test("every answer that has a schema was given", () => {
  const unasked = names.filter((name) => name.endsWith(".res") && !name.startsWith("hanko.admin.") && !seen.has(name));

  assert.deepEqual(unasked, []);
});
