// SPDX-License-Identifier: BSD-2-Clause
// The schemas of tests/vectors/http and of openapi.yaml, by ajv, for whatever the gateway answers.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";

import Ajv from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

import { call } from "./scene.mjs";

const VECTORS = new URL("../vectors/http/", import.meta.url);
const ajv = new Ajv({ allErrors: true, strict: false });

addFormats(ajv);
const read = (path) => JSON.parse(readFileSync(new URL(path, VECTORS), "utf8"));
const schemas = new Map(
  readdirSync(new URL("schemas/", VECTORS)).map((file) => [file.replace(/\.json$/, ""), ajv.compile(read(`schemas/${file}`))]),
);

/** What is wrong with body by the schema of that name; empty: nothing. */
export function problems(name, body) {
  const validate = schemas.get(name);

  assert.ok(validate, `no schema ${name}`);
  return validate(body) ? "" : ajv.errorsText(validate.errors);
}

/** The names of all schemas, and the samples of a dialect: {schema, valid, invalid}. */
export const names = [...schemas.keys()];
export const samples = (dialect) =>
  readdirSync(new URL(`${dialect}/`, VECTORS)).map((file) => read(`${dialect}/${file}`));

/** Adds the schemas of an OpenAPI document, as "openapi.NAME". */
export function addOpenApi(document) {
  ajv.addSchema({ $id: "openapi", components: document.components });
  for (const name of Object.keys(document.components.schemas))
    schemas.set(`openapi.${name}`, ajv.compile({ $ref: `openapi#/components/schemas/${name}` }));
}

/** Which schemas some answer was held to. */
export const seen = new Set();

/**
 * The answer of a call that has to have that status, and a body of that schema; null: no body.
 * asked: headers, body, text as for call().
 */
export async function expect(status, schema, method, url, asked = {}) {
  const answer = await call(method, url, asked);
  const what = `${method} ${url} ${JSON.stringify(asked)}: ${answer.status} ${JSON.stringify(answer.body)}`;

  assert.equal(answer.status, status, what);
  if (schema === null) assert.equal(answer.body, undefined, what);
  else {
    assert.equal(problems(schema, answer.body), "", what);
    seen.add(schema);
  }
  return answer;
}

/** The claims of a token, unverified. */
export const claims = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString());
export const head = (token) => JSON.parse(Buffer.from(token.split(".")[0], "base64url").toString());

/** Those of Hanko and Cloudreve, in their order. */
export const ALGORITHMS = [-7, -35, -36, -257, -258, -259, -37, -38, -39, -8];

/** Headers of a client that says JSON though it sends no body. */
export const json = (headers) => ({ "Content-Type": "application/json", ...headers });

/** The same options for one more key: the emulator takes every key for the one that made an id. */
export const another = (options) => ({ ...options, excludeCredentials: [] });
