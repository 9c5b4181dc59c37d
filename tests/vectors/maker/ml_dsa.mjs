// SPDX-License-Identifier: BSD-2-Clause
// ML-DSA for cases_ml_dsa.py: a JSON array ["ml-dsa-44", message in hex] a line in; the public key
// (SubjectPublicKeyInfo) and a signature, in hex, out. One key an algorithm and run.
import { generateKeyPairSync, sign } from 'node:crypto';
import { createInterface } from 'node:readline';

const keys = new Map();
for await (const line of createInterface({ input: process.stdin })) {
  const [name, message] = JSON.parse(line);
  if (!keys.has(name)) keys.set(name, generateKeyPairSync(name));
  const { publicKey, privateKey } = keys.get(name);
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  console.log(JSON.stringify([spki.toString('hex'),
    sign(null, Buffer.from(message, 'hex'), privateKey).toString('hex')]));
}
