// SPDX-License-Identifier: BSD-2-Clause
// An enrolment link: whoever has its ticket makes a passkey, once. The ticket is behind the '#' of
// the address, which no server sees and no referrer has; it is taken out of the address here, so
// that the browser's history does not keep it, and goes nowhere but into the bodies of calls.

import {guarded, Over, post} from "./calls.js";
import {hasPasskeys, say, show} from "./parts.js";
import {readCreation, writeCredential} from "./webauthn.js";

const ticket = location.hash.slice(1);

if (location.hash)
    history.replaceState(null, "", location.pathname);

function fill(name, text) {
    for (const place of document.querySelectorAll(`[data-fill=${name}]`))
        place.textContent = text;
}

let lost = false; // the reply to an answer, on its way here: the passkey may have been taken

const send = (call, body = {}) => post(call, {ticket, ...body});
const over = () => show(lost ? "lost" : "over");

async function describe() {
    let found;

    try {
        found = await send("describe");
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
    const options = await send("begin");
    const credential = await navigator.credentials.create({publicKey: readCreation(options)});

    try {
        conclude(await send("finish", {credential: writeCredential(credential)}));
    } catch (error) {
        if (!(error instanceof Over)) {
            lost = true;
            throw error;
        }
        // What was begun may be gone, as passkeyd started anew, and the link still good.
        await send("describe");
        say("failed");
    }
}

if (!hasPasskeys()) {
    show("unsupported");
} else if (!ticket) {
    show("incomplete");
} else {
    document.querySelector("[data-do=use]").addEventListener("click",
        () => guarded("working", makePasskey, over));
    document.querySelector("[data-do=again]").addEventListener("click",
        () => guarded("working", describe, over));
    describe();
}
