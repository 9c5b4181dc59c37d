// SPDX-License-Identifier: BSD-2-Clause
// Answers a link: asks for the passkey, and shows the code. Every text is in the page already.

import {readCreation, readRequest, writeCredential} from "./webauthn.js";

const parts = new Map([...document.querySelectorAll("[data-part]")].map(
    (part) => [part.dataset.part, part]));

function show(name) {
    for (const [other, part] of parts)
        part.hidden = other !== name;
    parts.get(name).querySelector("h1")?.focus();
}

function say(name) {
    for (const line of parts.get("ask").querySelectorAll("[data-say]"))
        line.hidden = line.dataset.say !== name;
}

class Over extends Error {}

let sent = false; // an answer, whose reply may have been lost on its way here

async function post(call, body) {
    const answer = await fetch(`${location.pathname}/${call}`, {
        method: "POST",
        headers: {"Content-Type": "application/json"},
        body: JSON.stringify(body),
        credentials: "same-origin",
        cache: "no-store",
        redirect: "error",
    });

    if (answer.status === 404)
        throw new Over();
    if (!answer.ok)
        throw new Error(`${call}: ${answer.status}`);
    return answer.status === 204 ? null : answer.json();
}

function conclude(result) {
    if (result.code) {
        document.querySelector("[data-code]").textContent = result.code;
        show("code");
    } else {
        show("refused");
    }
}

async function guarded(work) {
    const buttons = document.querySelectorAll("button");

    buttons.forEach((button) => (button.disabled = true));
    say("working");
    try {
        await work();
    } catch (error) {
        if (error instanceof Over && sent)
            location.reload(); // the code may be there, or what else came of it
        else if (error instanceof Over)
            show("over");
        else if (error.name === "NotAllowedError" || error.name === "AbortError")
            say("cancelled");
        else if (error.name === "InvalidStateError")
            say("there");
        else
            say("failed");
    } finally {
        buttons.forEach((button) => (button.disabled = false));
    }
}

async function usePasskey() {
    const options = await post("begin", {});
    const credential = options.user
        ? await navigator.credentials.create({publicKey: readCreation(options)})
        : await navigator.credentials.get({publicKey: readRequest(options)});

    sent = true;
    conclude(await post("finish", {credential: writeCredential(credential)}));
}

async function disown() {
    await post("disown", {});
    show("disowned");
}

// What else a page says, such as the code or that the link is over, stays as it is.
if (parts.get("ask")?.hidden === false && !(window.PublicKeyCredential && navigator.credentials)) {
    show("unsupported");
} else if (parts.has("ask")) {
    document.querySelector("[data-do=use]").addEventListener("click", () => guarded(usePasskey));
    for (const button of document.querySelectorAll("[data-do=disown]"))
        button.addEventListener("click", () => guarded(disown));
    // Without this script they would do nothing, and are not shown.
    for (const button of document.querySelectorAll("[data-do]"))
        button.hidden = false;
}
