// SPDX-License-Identifier: BSD-2-Clause
// What Web Authentication takes and gives, as JSON (Web Authentication 5.1.8 to 5.1.10), for every
// page that needs them.

export const fromBase64url = (text) => Uint8Array.from(
    atob(text.replace(/-/g, "+").replace(/_/g, "/")), (character) => character.charCodeAt(0));
export const toBase64url = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

// Web Authentication 5.1.8 and 5.1.9, for browsers that do not have these yet.
const readDescriptors = (list) => (list ?? []).map(
    (descriptor) => ({...descriptor, id: fromBase64url(descriptor.id)}));

export function readRequest(json) {
    if (PublicKeyCredential.parseRequestOptionsFromJSON)
        return PublicKeyCredential.parseRequestOptionsFromJSON(json);
    return {
        ...json,
        challenge: fromBase64url(json.challenge),
        allowCredentials: readDescriptors(json.allowCredentials),
    };
}

export function readCreation(json) {
    if (PublicKeyCredential.parseCreationOptionsFromJSON)
        return PublicKeyCredential.parseCreationOptionsFromJSON(json);
    return {
        ...json,
        challenge: fromBase64url(json.challenge),
        user: {...json.user, id: fromBase64url(json.user.id)},
        excludeCredentials: readDescriptors(json.excludeCredentials),
    };
}

function writeResponse(response) {
    const json = {clientDataJSON: toBase64url(response.clientDataJSON)};

    if (response.attestationObject)
        return {
            ...json,
            attestationObject: toBase64url(response.attestationObject),
            transports: response.getTransports?.() ?? [],
        };
    if (response.userHandle)
        json.userHandle = toBase64url(response.userHandle);
    return {
        ...json,
        authenticatorData: toBase64url(response.authenticatorData),
        signature: toBase64url(response.signature),
    };
}

export function writeCredential(credential) {
    if (credential.toJSON)
        return credential.toJSON();
    return {
        id: credential.id,
        rawId: toBase64url(credential.rawId),
        type: credential.type,
        authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
        clientExtensionResults: credential.getClientExtensionResults(),
        response: writeResponse(credential.response),
    };
}
