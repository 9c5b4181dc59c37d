// SPDX-License-Identifier: BSD-2-Clause
// What scripts/demo --serve printed, and an authenticator in software for it.
import { readFileSync } from "node:fs";

import { AuthenticatorEmulator, WebAuthnEmulator } from "nid-webauthn-emulator";

export const scene = JSON.parse(readFileSync(process.env.PASSKEYD_SCENE, "utf8"));
export const origin = scene.origin;

/** A browser with a security key of its own. */
export class Browser {
  constructor(settings = {}) {
    this.emulator = new WebAuthnEmulator(new AuthenticatorEmulator(settings));
  }

  create(options, from = origin) {
    return this.emulator.createJSON(from, options);
  }

  get(options, from = origin) {
    return this.emulator.getJSON(from, options);
  }
}

let users = 0;

/** A user that nobody else has. */
export function newUser(prefix = "user") {
  users += 1;
  return `${prefix}-${process.pid}-${users}`;
}

/** The answer of one call: its status, its headers and its body, which is JSON or empty. */
export async function call(method, url, { headers = {}, body, text } = {}) {
  const answer = await fetch(url, {
    method,
    headers: {
      ...(body === undefined && text === undefined ? {} : { "Content-Type": "application/json" }),
      ...headers,
    },
    body: text ?? (body === undefined ? undefined : JSON.stringify(body)),
  });
  const received = await answer.text();

  return {
    status: answer.status,
    headers: answer.headers,
    body: received === "" ? undefined : JSON.parse(received),
  };
}

/** A bearer token for that user, as the scene says it is to be had. */
export async function bearer(dialect, userId, more = {}) {
  const how = scene.dialects[dialect].bearer;
  const answer = await call(how.method, how.url.replace("USER", encodeURIComponent(userId)), {
    headers: how.headers,
    body: how.body && { ...JSON.parse(JSON.stringify(how.body).replaceAll("USER", userId)), ...more },
  });

  if (answer.status !== 200) throw new Error(`${how.url}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return how.member.split(".").reduce((value, name) => value[name], answer.body);
}
