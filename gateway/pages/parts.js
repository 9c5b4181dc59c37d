// SPDX-License-Identifier: BSD-2-Clause
// What the pages have in common. A page has all its parts and notes from the start; one part is shown
// at a time, and of the notes the one that says what came of the last try.

const parts = new Map([...document.querySelectorAll("[data-part]")].map(
    (part) => [part.dataset.part, part]));

export const partOf = (name) => parts.get(name);

export function show(name) {
    const title = parts.get(name).querySelector("h1");

    for (const [other, part] of parts)
        part.hidden = other !== name;
    document.title = title.textContent;
    title.focus();
}

export function say(name) {
    for (const line of document.querySelectorAll("[data-say]"))
        line.hidden = line.dataset.say !== name;
    document.querySelector("[data-say]:not([hidden])")?.scrollIntoView({block: "nearest"});
}

/** The note on what came of asking for a passkey (Web Authentication 5.1.3 and 5.1.4). */
export const noteOf = (error) => ({
    AbortError: "cancelled",
    InvalidStateError: "there",
    NotAllowedError: "cancelled",
}[error?.name] ?? "failed");

export const hasPasskeys = () => Boolean(window.PublicKeyCredential && navigator.credentials);
