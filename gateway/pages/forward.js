// SPDX-License-Identifier: BSD-2-Clause
// The keyboard-interactive form (doc/protocol.md) from a page's side: a request of version 1, and its
// answer in lines. What a request does not say exactly as it must is refused.

import {fromBase64url, toBase64url} from "./webauthn.js";

const PREFIX = "passkey1:";
const LINE_MAX = 511, PART_TEXT = 496, PARTS_MAX = 64, REQUEST_MAX = 65536;
const [GET, CREATE] = [1, 2];
const ANSWER_KINDS = {[GET]: 4, [CREATE]: 5};

/** Cut, or damaged on its way. */
export class Malformed extends Error {}

/** Whole, and for another page or program than this. */
export class Foreign extends Error {}

/* --- CBOR, as far as it is in requests and answers (RFC 8949) ---------------------------------- */

const [UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP] = [0, 1, 2, 3, 4, 5];

class Reader {
    constructor(bytes) {
        this.bytes = bytes;
        this.at = 0;
    }

    take(count) {
        if (count > this.bytes.length - this.at)
            throw new Malformed("it ends too early");
        this.at += count;
        return this.bytes.subarray(this.at - count, this.at);
    }

    /** The value of the next head, in the shortest form alone. */
    head(...majors) {
        const [first] = this.take(1);
        const info = first & 0x1f;

        if (!majors.includes(first >> 5) || info > 26)
            throw new Malformed("another type");
        if (info < 24)
            return info;
        const value = this.take(1 << (info - 24)).reduce((sum, byte) => sum * 256 + byte, 0);

        if (value < [24, 0x100, 0x10000][info - 24])
            throw new Malformed("a longer form than is needed");
        return value;
    }

    number(least, most) {
        return this.within(this.head(UNSIGNED), least, most);
    }

    integer() {
        const negative = this.bytes[this.at] >> 5 === NEGATIVE;
        const value = this.head(UNSIGNED, NEGATIVE);

        return this.within(negative ? -1 - value : value, -0x80000000, 0x7fffffff);
    }

    bytesOf(least, most) {
        return this.take(this.within(this.head(BYTES), least, most));
    }

    text(least, most) {
        const bytes = this.take(this.within(this.head(TEXT), least, most));

        if (bytes.includes(0))
            throw new Malformed("a NUL in a text");
        try {
            return new TextDecoder("utf-8", {fatal: true, ignoreBOM: true}).decode(bytes);
        } catch {
            throw new Malformed("not UTF-8");
        }
    }

    /** Printable ASCII without spaces. */
    word(least, most) {
        const text = this.text(least, most);

        if (!/^[!-~]*$/.test(text))
            throw new Malformed("no word");
        return text;
    }

    list(least, most, read) {
        return Array.from({length: this.within(this.head(ARRAY), least, most)}, read);
    }

    within(value, least, most) {
        if (value < least || value > most)
            throw new Malformed("out of its range");
        return value;
    }
}

function head(major, value) {
    if (value < 24)
        return [major << 5 | value];
    if (value < 0x100)
        return [major << 5 | 24, value];
    if (value < 0x10000)
        return [major << 5 | 25, value >> 8, value & 0xff];
    throw new Malformed("too long for an answer");
}

function write(value) {
    if (typeof value === "number")
        return head(UNSIGNED, value);
    if (typeof value === "boolean")
        return [value ? 0xf5 : 0xf4];
    return [...head(BYTES, value.length), ...value];
}

/* --- requests ---------------------------------------------------------------------------------- */

function decode(line) {
    const text = line.slice(PREFIX.length);

    if (line.length > REQUEST_MAX || !/^[A-Za-z0-9_-]+$/.test(text) || text.length % 4 === 1)
        throw new Malformed("no base64url");
    const bytes = fromBase64url(text);

    if (toBase64url(bytes) !== text)
        throw new Malformed("bits behind the last byte");
    return bytes;
}

/* In the order of their keys, from 1. */
function members(reader, create) {
    const credential = () => reader.bytesOf(1, 1023);
    const common = [
        ["kind", () => reader.number(GET, CREATE)],
        ["nonce", () => reader.bytesOf(32, 32)],
        ["context", () => reader.text(1, 40960)],
        ["rpId", () => reader.word(1, 253)],
        ["userVerification", () => reader.number(0, 3)],
        ["credentials", () => reader.list(create ? 0 : 1, 64, credential)],
        ["timeout", () => reader.number(1, 3600)],
    ];

    return create ? [
        ...common,
        ["rpName", () => reader.text(0, 128)],
        ["userHandle", () => reader.bytesOf(1, 64)],
        ["userName", () => reader.text(0, 128)],
        ["userDisplayName", () => reader.text(0, 128)],
        ["algorithms", () => reader.list(1, 32, () => reader.integer())],
        ["residentKey", () => reader.number(0, 3)],
        ["attestation", () => reader.number(0, 4)],
        ["credProtect", () => reader.number(0, 3)],
    ] : common;
}

/** The request of a line, its members by name. */
export function readForwarded(line) {
    if (/^passkey[0-9]+:/.test(line) && !line.startsWith(PREFIX))
        throw new Foreign("another version");
    if (!line.startsWith(PREFIX))
        throw new Malformed("no request");
    const reader = new Reader(decode(line));
    const count = reader.head(MAP);
    const request = {};

    if (count === 3)
        throw new Foreign("a further part");
    const rows = members(reader, count === 15);

    if (count !== rows.length)
        throw new Malformed("other members");
    rows.forEach(([name, read], index) => {
        reader.number(index + 1, index + 1);
        request[name] = read();
    });
    if (reader.at !== reader.bytes.length || request.kind !== (count === 15 ? CREATE : GET))
        throw new Malformed("something is behind it");
    return request;
}

const ALWAYS = ["act", "user", "service", "host", "rhost", "command", "target", "tty"];

/** What it is bound to; whoever signs sees all of it. */
export function readContext(request) {
    let context;

    try {
        context = JSON.parse(request.context);
    } catch {
        throw new Malformed("no context");
    }
    const act = context?.act;

    if (!ALWAYS.every((name) => typeof context?.[name] === "string"))
        throw new Malformed("another context");
    if (request.kind === CREATE ? act !== "enroll" : !["authenticate", "approve"].includes(act))
        throw new Foreign("another act");
    return context;
}

/** SHA-256 of the version, the nonce and the context: what is shown is what is signed. */
async function challengeOf(request) {
    const context = new TextEncoder().encode(request.context);
    const bound = Uint8Array.of(1, ...request.nonce, ...context);

    return toBase64url(await crypto.subtle.digest("SHA-256", bound));
}

const REQUIREMENTS = [undefined, "discouraged", "preferred", "required"];
const ATTESTATIONS = [undefined, "none", "indirect", "direct", "enterprise"];
const PROTECTIONS = [
    undefined, "userVerificationOptional", "userVerificationOptionalWithCredentialIDList",
    "userVerificationRequired",
];

/** The same as Web Authentication has it, in JSON. */
export async function optionsOf(request) {
    const descriptors = request.credentials.map(
        (id) => ({type: "public-key", id: toBase64url(id)}));
    const common = {challenge: await challengeOf(request), timeout: request.timeout * 1000};
    const userVerification = REQUIREMENTS[request.userVerification];

    if (request.kind === GET)
        return {...common, rpId: request.rpId, userVerification, allowCredentials: descriptors};
    return {
        ...common,
        rp: {id: request.rpId, name: request.rpName},
        user: {
            id: toBase64url(request.userHandle),
            name: request.userName,
            displayName: request.userDisplayName,
        },
        pubKeyCredParams: request.algorithms.map((alg) => ({type: "public-key", alg})),
        excludeCredentials: descriptors,
        authenticatorSelection: {
            residentKey: REQUIREMENTS[request.residentKey],
            requireResidentKey: REQUIREMENTS[request.residentKey] === "required",
            userVerification,
        },
        attestation: ATTESTATIONS[request.attestation],
        extensions: {
            credProps: true,
            ...request.credProtect && {
                credentialProtectionPolicy: PROTECTIONS[request.credProtect],
            },
        },
    };
}

/* --- answers ----------------------------------------------------------------------------------- */

const TRANSPORTS = ["usb", "nfc", "ble", "smart-card", "hybrid", "internal"];
const HASH_SIZE = 32; // the authenticator data begin with the RP id's, which both sides know

/** The lines that answer the request by a credential, which is JSON as browsers make it. */
export function answerOf(request, credential) {
    const {response} = credential;
    const place = request.credentials.findIndex((id) => toBase64url(id) === credential.id);
    const transports = TRANSPORTS.reduce(
        (bits, name, bit) => bits | (response.transports?.includes(name) ? 1 << bit : 0), 0);

    if (request.kind === GET && place < 0)
        throw new Foreign("a passkey that was not asked for");
    const values = request.kind === GET ? [
        place,
        fromBase64url(response.authenticatorData).subarray(HASH_SIZE),
        fromBase64url(response.signature),
    ] : [
        fromBase64url(response.attestationObject),
        transports,
        credential.clientExtensionResults?.credProps?.rk === true,
    ];

    values.unshift(ANSWER_KINDS[request.kind]);
    values.push(fromBase64url(response.clientDataJSON));
    return linesOf(toBase64url(Uint8Array.from([
        ...head(MAP, values.length),
        ...values.flatMap((value, index) => [...head(UNSIGNED, index + 1), ...write(value)]),
    ])));
}

function linesOf(text) {
    const total = Math.ceil(text.length / PART_TEXT);

    if (PREFIX.length + text.length <= LINE_MAX)
        return [PREFIX + text];
    if (total > PARTS_MAX)
        throw new Malformed("too long for an answer");
    return Array.from({length: total}, (_, part) =>
        `passkey1/${part + 1}/${total}:${text.slice(part * PART_TEXT, (part + 1) * PART_TEXT)}`);
}
