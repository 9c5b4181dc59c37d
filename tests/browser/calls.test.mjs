// SPDX-License-Identifier: BSD-2-Clause
// How the gateway's pages call it, and what they do while passkeyd is away.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const source = readFileSync(new URL("../../gateway/pages/calls.js", import.meta.url), "utf8");
const { call } = await import("data:text/javascript," + encodeURIComponent(source.replace(/^import .*$/gm, "")));

/** Calls once, of a gateway that answers so one after the other: the answer, and how often it was asked. */
async function asked(path, ...statuses) {
  const seen = [];
  globalThis.fetch = async (url, { body }) => {
    seen.push([url, body]);
    return { status: statuses[seen.length - 1] };
  };
  globalThis.setTimeout = (done) => void queueMicrotask(done);
  const { status } = await call(path, { a: 1 });
  assert.ok(seen.every(([url, body]) => url === path && body === '{"a":1}'));
  return [status, seen.length];
}

test("what may be sent again is, while passkeyd is away", async () => {
  for (const path of ["/passkey/WORD/begin", "/passkey/enroll/describe", "/passkey/passkeys/begin"]) {
    assert.deepEqual(await asked(path, 200), [200, 1]);
    assert.deepEqual(await asked(path, 503, 200), [200, 2]);
    assert.deepEqual(await asked(path, 503, 503, 404), [404, 3]);
    assert.deepEqual(await asked(path, 503, 503, 503, 200), [503, 3]);
  }
});

test("an answer is sent once, and a refusal stands", async () => {
  for (const name of ["finish", "disown", "rename", "sign-out", "begin/finish", "xbegin"])
    assert.deepEqual(await asked(`/passkey/WORD/${name}`, 503, 200), [503, 1], name);
  for (const status of [400, 403, 404, 429, 500])
    assert.deepEqual(await asked("/passkey/WORD/begin", status, 200), [status, 1]);
});
