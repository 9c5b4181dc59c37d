// SPDX-License-Identifier: BSD-2-Clause
// An enrolment link: whoever has its ticket makes a passkey, once. The ticket is behind the '#' of
// the address, which no server sees and no referrer has; it is taken out of the address here, so
// that the browser's history does not keep it, and goes nowhere but into the bodies of calls.

import {readCreation, writeCredential} from "./webauthn.js";

const ticket = location.hash.slice(1);

if (location.hash)
    history.replaceState(null, "", location.pathname);

const parts = new Map([...document.querySelectorAll("[data-part]")].map(
    (part) => [part.dataset.part, part]));

function show(name) {
    for (const [other, part] of parts)
        part.hidden = other !== name;

    const title = parts.get(name).querySelector("h1");

    document.title = title.textContent;
    title.focus();
}

function say(name) {
    for (const line of parts.get("ask").querySelectorAll("[data-say]"))
        line.hidden = line.dataset.say !== name;
}

function fill(name, text) {
    for (const place of document.querySelectorAll(`[data-fill=${name}]`))
        place.textContent = text;
}

class Over extends Error {}

let lost = false; // the reply to an answer, on its way here: the passkey may have been taken

async function post(call, body) {
    const answer = await fetch(`${location.pathname}/${call}`, {
        method: "POST",
        headers: {"Content-Type": "application/json"},
        body: JSON.stringify({ticket, ...body}),
        credentials: "same-origin",
        cache: "no-store",
        redirect: "error",
    });

    if (answer.status === 404)
        throw new Over();
    if (!answer.ok)
        throw new Error(`${call}: ${answer.status}`);
    return answer.json();
}

async function describe() {
    let found;

    try {
        found = await post("describe", {});
    } catch (error) {
        show(error instanceof Over ? "over" : "failed");
        return;
    }
    fill("user", found.user);
    fill("host", found.host);
    fill("expires", new Date(found.expires * 1000).toLocaleString(document.documentElement.lang,
        {dateStyle: "medium", timeStyle: "short"}));
    show("ask");
}

function conclude(made) {
    if (!made.name) {
        say("refused");
        return;
    }
    fill("name", made.name);
    fill("provider", made.provider ?? "");
    for (const row of document.querySelectorAll("[data-known=provider]"))
        row.hidden = !made.provider;
    show("made");
}

async function makePasskey() {
    const options = await post("begin", {});
    const credential = await navigator.credentials.create({publicKey: readCreation(options)});

    try {
        conclude(await post("finish", {credential: writeCredential(credential)}));
    } catch (error) {
        if (!(error instanceof Over)) {
            lost = true;
            throw error;
        }
        // What was begun may be gone, as passkeyd started anew, and the link still good.
        await post("describe", {});
        say("failed");
    }
}

async function guarded(work) {
    const buttons = document.querySelectorAll("button");

    buttons.forEach((button) => (button.disabled = true));
    say("working");
    try {
        await work();
    } catch (error) {
        if (error instanceof Over)
            show(lost ? "lost" : "over");
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

if (!window.PublicKeyCredential || !navigator.credentials) {
    show("unsupported");
} else if (!ticket) {
    show("incomplete");
} else {
    document.querySelector("[data-do=use]").addEventListener("click", () => guarded(makePasskey));
    document.querySelector("[data-do=again]").addEventListener("click", () => guarded(describe));
    describe();
}
