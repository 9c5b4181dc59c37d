// SPDX-License-Identifier: BSD-2-Clause
// The four calls of bench/gateway.py by @simplewebauthn/server on Node's http, as its documentation
// uses it: the paths and bodies of doc/openapi.yaml, everything in memory. Arguments: RP id, origin,
// API key, and "RS256" or "ES256" where what succeeds is answered with a token as the gateway's is.
// Prints its port once it listens.
import { createServer } from 'node:http';
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import {
  generateAuthenticationOptions, generateRegistrationOptions,
  verifyAuthenticationResponse, verifyRegistrationResponse,
} from '@simplewebauthn/server';

const [rpID, origin, apiKey, algorithm] = process.argv.slice(2);
const pair = algorithm === 'RS256' ? generateKeyPairSync('rsa', { modulusLength: 2048 })
  : generateKeyPairSync('ec', { namedCurve: 'P-256' });
const users = new Map(); // id: {id, userName, displayName, credentials}
const credentials = new Map(); // id: {user, credential}
const ceremonies = new Map(); // id: {challenge, user}

function token(user, credential) {
  if (!algorithm) return undefined;
  const encode = (object) => Buffer.from(JSON.stringify(object)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const text = encode({ alg: algorithm, typ: 'JWT', kid: 'bench' }) + '.' + encode({
    iss: origin, sub: user.id, cred: credential, aud: rpID, iat: now, exp: now + 300 });
  return text + '.' + sign('sha256', text, { key: pair.privateKey, dsaEncoding: 'ieee-p1363' })
    .toString('base64url');
}

function begin(publicKey, user) {
  const id = randomUUID();
  ceremonies.set(id, { challenge: publicKey.challenge, user });
  return { id, publicKey };
}

// A challenge is used once, and known by the ceremony's id alone.
function take(id) {
  const ceremony = ceremonies.get(id);
  ceremonies.delete(id);
  if (!ceremony) throw new Error('no such ceremony');
  return ceremony;
}

function describe(user, credential) {
  return {
    credential: { credentialId: credential.id, counter: credential.counter,
      transports: credential.transports },
    user: { userId: user.id, userName: user.userName, displayName: user.displayName,
      passkeys: user.credentials.length },
    tokens: { token: token(user, credential.id) },
  };
}

const calls = {
  async '/registration/options'(body) {
    const user = users.get(body.userId) ?? { id: body.userId, credentials: [] };
    Object.assign(user, { userName: body.userName, displayName: body.displayName });
    users.set(user.id, user);
    return begin(await generateRegistrationOptions({
      rpName: 'bench', rpID, userName: user.userName, userDisplayName: user.displayName,
      userID: new TextEncoder().encode(user.id), attestationType: 'none',
      excludeCredentials: user.credentials.map(({ id, transports }) => ({ id, transports })),
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    }), user);
  },
  async '/registration'(body) {
    const { challenge, user } = take(body.id);
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: body.credential, expectedChallenge: challenge, expectedOrigin: origin,
      expectedRPID: rpID, requireUserVerification: true });
    if (!verified) throw new Error('not verified');
    const { credential } = registrationInfo;
    user.credentials.push(credential);
    credentials.set(credential.id, { user, credential });
    return describe(user, credential);
  },
  async '/authentication/options'() {
    return begin(await generateAuthenticationOptions({ rpID, userVerification: 'required' }));
  },
  async '/authentication'(body) {
    const { challenge } = take(body.id);
    const { user, credential } = credentials.get(body.credential.id);
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: body.credential, expectedChallenge: challenge, expectedOrigin: origin,
      expectedRPID: rpID, requireUserVerification: true, credential });
    if (!verified) throw new Error('not verified');
    credential.counter = authenticationInfo.newCounter;
    return describe(user, credential);
  },
};

function answer(response, status, body) {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store',
    'Content-Length': Buffer.byteLength(text) });
  response.end(text);
}

const server = createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', async () => {
    const path = request.url.slice('/standard'.length);
    const call = calls[path];
    try {
      if (!call || (path === '/registration/options' && request.headers['x-api-key'] !== apiKey))
        throw new Error('not allowed');
      answer(response, 200, await call(JSON.parse(Buffer.concat(parts).toString())));
    } catch (error) {
      answer(response, 400, { error: error.message });
    }
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
