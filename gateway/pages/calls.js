// SPDX-License-Identifier: BSD-2-Clause
// Calls of the gateway, and what is said of them while they are under way.

import {noteOf, say} from "./parts.js";

/** It was used, its time is over, or it never was. */
export class Over extends Error {}

// What changes nothing that a second call would find changed.
const MAY_BE_SENT_AGAIN = /\/(?:describe|begin)$/;
const AWAY = 503, TRIES = 3, AGAIN_MS = 1000;

const send = (path, body) => fetch(path, {
    method: "POST",
    headers: {"Content-Type": "application/json"},
    body: JSON.stringify(body),
    credentials: "same-origin",
    cache: "no-store",
    redirect: "error",
});

/** The answer of the gateway, whatever it is: passkeyd, where it starts anew, is waited for. */
export async function call(path, body) {
    let answer = await send(path, body);

    for (let tries = 1; answer.status === AWAY && tries < TRIES && MAY_BE_SENT_AGAIN.test(path);
        tries++) {
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
        answer = await send(path, body);
    }
    return answer;
}

/** A call about what the page's address is the link of. */
export async function post(name, body) {
    const answer = await call(`${location.pathname}/${name}`, body);

    if (answer.status === 404)
        throw new Over();
    if (!answer.ok)
        throw new Error(`${name}: ${answer.status}`);
    return answer.status === 204 ? null : answer.json();
}

/** Does the work while nothing can be pressed; over: what is done when the link turns out to be. */
export async function guarded(note, work, over) {
    const buttons = document.querySelectorAll("button");

    buttons.forEach((button) => (button.disabled = true));
    say(note);
    try {
        await work();
    } catch (error) {
        if (error instanceof Over)
            over();
        else
            say(noteOf(error));
    } finally {
        buttons.forEach((button) => (button.disabled = false));
    }
}
