// SPDX-License-Identifier: BSD-2-Clause
// What the test pages have: the clients' own code, as one script (esbuild makes it).
import { Authsignal } from "@authsignal/browser";
import * as webauthnJson from "@github/webauthn-json";
import * as simpleWebAuthn from "@simplewebauthn/browser";

Object.assign(globalThis, { Authsignal, simpleWebAuthn, webauthnJson });
