// SPDX-License-Identifier: BSD-2-Clause
// The same lines through @simplewebauthn/server. Arguments: a file of lines, how often to go through
// it. Prints the verifications and the processor seconds they took.
import { readFileSync } from 'node:fs';
import {
  SettingsService, verifyAuthenticationResponse, verifyRegistrationResponse,
} from '@simplewebauthn/server';

const lines = readFileSync(process.argv[2], 'utf8').trimEnd().split('\n');
const rounds = Number(process.argv[3]);
const anchors = JSON.parse(lines[0]).trustAnchors ?? [];

for (const identifier of ['packed', 'tpm'])
  SettingsService.setRootCertificates({
    identifier,
    certificates: anchors.map((text) => Buffer.from(text, 'base64')),
  });

function verifyRegistration(line) {
  return verifyRegistrationResponse({
    response: line.credential,
    expectedChallenge: line.challenge,
    expectedOrigin: line.origins,
    expectedRPID: line.rpId,
    requireUserVerification: true,
  });
}

function verifyAuthentication(line) {
  return verifyAuthenticationResponse({
    response: line.credential,
    expectedChallenge: line.challenge,
    expectedOrigin: line.origins,
    expectedRPID: line.rpId,
    requireUserVerification: true,
    credential: {
      id: line.record.id,
      publicKey: new Uint8Array(Buffer.from(line.record.publicKey, 'base64url')),
      counter: line.record.signCount,
    },
  });
}

async function verify(text) {
  const line = JSON.parse(text);
  const { verified } = await (line.record ? verifyAuthentication : verifyRegistration)(line);
  if (!verified) throw new Error('not verified');
}

for (const line of lines.slice(0, 200)) await verify(line);
const before = process.cpuUsage();
for (let round = 0; round < rounds; round++) for (const line of lines) await verify(line);
const used = process.cpuUsage(before);
console.log(lines.length * rounds, (used.user + used.system) / 1e6);
