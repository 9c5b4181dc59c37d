// SPDX-License-Identifier: BSD-2-Clause
// Answers a link: asks for the passkey, and shows the code. Every text is in the page already.

import {guarded, post} from "./calls.js";
import {hasPasskeys, partOf, show} from "./parts.js";
import {readCreation, readRequest, writeCredential} from "./webauthn.js";

let sent = false; // an answer, whose reply may have been lost on its way here

function conclude(result) {
    if (result.code) {
        document.querySelector("[data-code]").textContent = result.code;
        show("code");
    } else {
        show("refused");
    }
}

// The code may be there, or what else came of an answer: the page that comes says it.
const over = () => (sent ? location.reload() : show("over"));

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
if (partOf("ask")?.hidden === false && !hasPasskeys())
    show("unsupported");
if (partOf("ask")) {
    document.querySelector("[data-do=use]").addEventListener("click",
        () => guarded("working", usePasskey, over));
    for (const button of document.querySelectorAll("[data-do=disown]"))
        button.addEventListener("click", () => guarded("", disown, over));
    // Without this script they would do nothing, and are not shown.
    for (const button of document.querySelectorAll("[data-do]"))
        button.hidden = false;
}
