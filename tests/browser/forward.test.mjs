// SPDX-License-Identifier: BSD-2-Clause
// The page's reader and writer of the keyboard-interactive form, against the vectors of the daemon's.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const TOP = new URL("../../", import.meta.url);
const VECTORS = new URL("tests/vectors/forward/", TOP);
const read = (name) => readFileSync(new URL(name, TOP), "utf8");

// As scripts/make-page puts them together.
const source = ["webauthn", "forward"].map((name) => read(`gateway/pages/${name}.js`)).join("\n");
const { answerOf, Foreign, fromBase64url, optionsOf, readContext, readForwarded, toBase64url } = await import(
  "data:text/javascript," + encodeURIComponent(source.replace(/^import .*$/gm, ""))
);

const vectors = (folder) =>
  readdirSync(new URL(folder, VECTORS))
    .filter((name) => name.includes("request"))
    .map((name) => [name, readFileSync(new URL(`${folder}/${name}`, VECTORS), "utf8").trimEnd()]);

test("requests that are good", () => {
  for (const [name, line] of vectors("valid")) {
    if (name.includes("host-keys") || name.includes("more")) assert.throws(() => readForwarded(line), Foreign, name);
    else assert.equal(readForwarded(line).kind, name.includes("create") ? 2 : 1, name);
  }
});

test("requests that are not", () => {
  const all = vectors("invalid");

  assert.ok(all.length > 30);
  for (const [name, line] of all) assert.throws(() => readForwarded(line), undefined, name);
});

test("requests that are cut, or have something behind them", () => {
  for (const [name, line] of vectors("valid")) {
    if (line.length > 2000 || name.includes("host-keys") || name.includes("more")) continue;
    for (let length = 0; length < line.length; length++)
      assert.throws(() => readForwarded(line.slice(0, length)), undefined, `${name} cut to ${length}`);
    assert.throws(() => readForwarded(line + "A"), undefined, name);
    const bytes = fromBase64url(line.slice(9));
    assert.throws(() => readForwarded("passkey1:" + toBase64url(Uint8Array.of(...bytes, 0))), undefined, name);
  }
});

test("what is signed", async () => {
  const request = readForwarded(read("tests/vectors/forward/valid/request-get.txt").trimEnd());
  const signed = JSON.parse(read("tests/vectors/forward/client-data.txt"));
  const options = await optionsOf(request);

  assert.equal(options.challenge, signed.challenge);
  assert.equal(options.rpId, "web1.example.org");
  assert.equal(options.userVerification, "preferred");
  assert.equal(options.timeout, 120000);
  assert.equal(readContext(request).user, "alice");
});

test("contexts that are not understood", () => {
  const context = (more, kind = 1) => ({
    kind,
    context: JSON.stringify({
      act: "authenticate", user: "", service: "", host: "", rhost: "", command: "", target: "", tty: "", ...more,
    }),
  });

  assert.equal(readContext(context({})).act, "authenticate");
  assert.throws(() => readContext(context({ act: "enroll" })));
  assert.throws(() => readContext(context({}, 2)));
  assert.throws(() => readContext(context({ user: 7 })));
  assert.throws(() => readContext({ kind: 1, context: "[]" }));
  assert.throws(() => readContext({ kind: 1, context: "null" }));
  assert.throws(() => readContext({ kind: 1, context: "{" }));
});

const credential = (signature) => ({
  id: "AQID",
  response: {
    authenticatorData: toBase64url(new Uint8Array(37)),
    signature: toBase64url(new Uint8Array(signature)),
    clientDataJSON: toBase64url(new Uint8Array(130)),
  },
});

test("answers in lines", () => {
  const request = { kind: 1, credentials: [Uint8Array.of(9), Uint8Array.of(1, 2, 3)] };

  for (const [signature, count] of [[64, 1], [72, 1], [256, 2], [4627, 13]]) {
    const lines = answerOf(request, credential(signature));

    assert.equal(lines.length, count);
    if (count === 1) assert.ok(lines[0].startsWith("passkey1:pQEEAgED"), lines[0]);
    lines.forEach((line, index) => {
      assert.ok(line.length <= 511);
      if (count > 1) assert.ok(line.startsWith(`passkey1/${index + 1}/${count}:`));
      if (index + 1 < count) assert.equal(line.split(":")[1].length, 496);
    });
  }
  assert.throws(() => answerOf(request, { ...credential(64), id: "BQUF" }), Foreign);
});
