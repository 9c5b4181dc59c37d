// SPDX-License-Identifier: BSD-2-Clause
// The same lines through @simplewebauthn/server. Arguments: a file of lines, how often to go through
// it. Prints the verifications and the processor seconds they took.
import { readFileSync } from 'node:fs';
import { verifyAuthenticationResponse } from '@simplewebauthn/server';

const lines = readFileSync(process.argv[2], 'utf8').trimEnd().split('\n');
const rounds = Number(process.argv[3]);

async function verify(text) {
  const line = JSON.parse(text);
  const { verified } = await verifyAuthenticationResponse({
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
  if (!verified) throw new Error('not verified');
}

for (const line of lines.slice(0, 200)) await verify(line);
const before = process.cpuUsage();
for (let round = 0; round < rounds; round++) for (const line of lines) await verify(line);
const used = process.cpuUsage(before);
console.log(lines.length * rounds, (used.user + used.system) / 1e6);
