// SPDX-License-Identifier: BSD-2-Clause
// Signing in to one's own passkeys, and looking after them. Every text is in the page already.

import {readCreation, readRequest, writeCredential} from "./webauthn.js";

const NOTE = "passkeyd-note"; // for the page that is loaded next
const SUGGESTIONS = 12; // so often, which is an hour for who chooses none of them
const AGAIN = 15000; // before a challenge that waits for a person ends, in milliseconds

const page = document.querySelector("main");
const {base, token} = page.dataset;

class Failure extends Error {
    constructor(name) {
        super(name);
        this.note = name;
    }
}

function say(name) {
    for (const line of document.querySelectorAll("[data-say]"))
        line.hidden = line.dataset.say !== name;
    document.querySelector("[data-say]:not([hidden])")?.scrollIntoView({block: "nearest"});
}

// Shows the note on the page that comes.
function go(address, note) {
    if (note)
        sessionStorage.setItem(NOTE, note);
    if (address)
        location.assign(address);
    else
        location.reload();
}

async function post(call, body) {
    const answer = await fetch(`${base}/passkeys/${call}`, {
        method: "POST",
        headers: {"Content-Type": "application/json"},
        body: JSON.stringify({...body, token}),
        credentials: "same-origin",
        cache: "no-store",
        redirect: "error",
    });
    const json = answer.status === 204 ? {} : await answer.json();

    if (answer.ok)
        return json;
    throw new Failure(json.error ?? "failed");
}

// --- passkeys --------------------------------------------------------------------------------------

async function tell(what, facts) {
    try {
        await PublicKeyCredential[what]?.(facts);
    } catch {
        // Providers that do not take it keep what they have.
    }
}

const forget = (rpId, credentialId) => tell("signalUnknownCredential", {rpId, credentialId});

// Asks for a passkey; act, object: as in the gateway's calls. Gives what finish gives.
async function use(act, object, how = {}) {
    const {id, options} = await post("begin", {act, object});
    const credential = act === "add"
        ? await navigator.credentials.create({publicKey: readCreation(options)})
        : await navigator.credentials.get({publicKey: readRequest(options), ...how});

    // One that comes by itself is told apart from one that a person is asked for.
    how.chosen?.();
    try {
        return await post("finish", {act, id, credential: writeCredential(credential)});
    } catch (error) {
        if (act === "sign-in" && error.note === "unknown")
            await forget(options.rpId, credential.id);
        if (act === "sign-in" && error.note === "refused")
            error.note = "sign-in-refused";
        throw error;
    }
}

function explain(error) {
    if (error instanceof Failure)
        return document.querySelector(`[data-say="${CSS.escape(error.note)}"]`) ? error.note : "failed";
    if (error.name === "NotAllowedError" || error.name === "AbortError")
        return "cancelled";
    return error.name === "InvalidStateError" ? "there" : "failed";
}

async function guarded(work) {
    const controls = document.querySelectorAll("button, input");

    controls.forEach((control) => (control.disabled = true));
    say("working");
    try {
        await work();
    } catch (error) {
        if (error.note === "ended" && page.querySelector("[data-part=own]"))
            go(`${base}/passkeys`);
        else
            say(explain(error));
    } finally {
        controls.forEach((control) => (control.disabled = false));
    }
}

// --- signing in ------------------------------------------------------------------------------------

let waiting = null; // for a passkey that is chosen among the suggestions of the name

async function signIn(name, how) {
    waiting?.abort();
    waiting = null;
    await use("sign-in", name, how);
    go(/\/decisions$/.test(location.pathname) ? location.pathname : `${base}/passkeys`);
}

// Conditional mediation (Web Authentication 5.1.4): again before its challenge ends.
async function suggest() {
    if (!await PublicKeyCredential.isConditionalMediationAvailable?.())
        return;
    for (let tries = 0; tries < SUGGESTIONS; tries++) {
        const own = waiting = new AbortController();
        const timer = setTimeout(() => own.abort("again"), 300000 - AGAIN);

        try {
            await use("sign-in", "", {mediation: "conditional", signal: own.signal});
            go(`${base}/passkeys`);
            return;
        } catch (error) {
            if (own.signal.reason === "again")
                continue;
            if (waiting === own && error instanceof Failure)
                say(explain(error));
            if (!(error instanceof Failure) || own.signal.aborted || error.note === "limit")
                return;
        } finally {
            clearTimeout(timer);
        }
    }
}

function startSignIn() {
    const button = page.querySelector("[data-do=sign-in]");
    const form = page.querySelector("[data-form=sign-in]");

    button.hidden = form.hidden = false;
    button.addEventListener("click", () => guarded(() => signIn("")));
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        guarded(() => signIn(form.elements.account.value.trim()));
    });
    suggest();
}

// --- one's own -------------------------------------------------------------------------------------

function open(item, name) {
    for (const form of item.querySelectorAll("[data-form]"))
        form.hidden = form.dataset.form !== name;
    item.querySelector(".actions").hidden = Boolean(name);
    if (name)
        item.querySelector(`[data-form=${name}]`).querySelector("input, button").focus();
}

async function rename(item, name) {
    try {
        await post("rename", {object: item.dataset.id, name});
    } catch (error) {
        if (error.note === "malformed")
            error.note = "bad-name";
        throw error;
    }
    go("", "renamed");
}

async function remove(item, act) {
    const {signedOut} = await use(act, item.dataset.id);

    if (item.dataset.usable === "yes")
        await forget(page.dataset.rpId, item.dataset.id);
    if (signedOut)
        go(`${base}/passkeys`, "last-gone");
    else
        go("", "removed");
}

// A signature first where the last one was too long ago.
async function add() {
    try {
        await use("add", "");
    } catch (error) {
        if (error.note !== "prove")
            throw error;
        await use("prove", "");
        await use("add", "");
    }
    go("", "added");
}

function startItem(item) {
    const on = (name, work) => item.querySelector(`[data-do=${name}]`)?.addEventListener("click", work);

    on("rename", () => open(item, "rename"));
    on("remove", () => open(item, "remove"));
    for (const button of item.querySelectorAll("[data-do=cancel]"))
        button.addEventListener("click", () => {
            const {form} = button.closest("[data-form]").dataset;

            open(item, "");
            item.querySelector(`[data-do=${form}]`).focus();
        });
    on("remove-now", () => guarded(() => remove(item, "remove")));
    on("remove-last", () => guarded(() => remove(item, "remove-last")));
    item.querySelector("form").addEventListener("submit", (event) => {
        event.preventDefault();
        guarded(() => rename(item, event.target.elements.name.value));
    });
}

// What the account has, so that providers stop offering what was removed here or elsewhere.
function tellAccepted(items) {
    const {rpId, userHandle} = page.dataset;

    tell("signalAllAcceptedCredentials", {
        rpId,
        userId: userHandle,
        allAcceptedCredentialIds: items.filter((item) => item.dataset.usable === "yes")
            .map((item) => item.dataset.id),
    });
}

function startOwn() {
    const items = [...document.querySelectorAll("li[data-id]")];

    document.querySelector("[data-do=sign-out]").addEventListener("click", () => guarded(async () => {
        await post("sign-out", {});
        go(`${base}/passkeys`, "signed-out");
    }));
    document.querySelector("[data-do=add]")?.addEventListener("click", () => guarded(add));
    items.forEach(startItem);
    if (items.length > 0)
        tellAccepted(items);
}

// --- the start -------------------------------------------------------------------------------------

for (const time of document.querySelectorAll("time"))
    time.textContent = new Date(time.dateTime).toLocaleString(document.documentElement.lang,
        {dateStyle: "medium", timeStyle: "short"});

if (!window.PublicKeyCredential || !navigator.credentials) {
    for (const part of document.querySelectorAll("[data-part]"))
        part.hidden = part.dataset.part !== "unsupported";
} else if (page.querySelector("[data-part=own]")) {
    startOwn();
} else {
    startSignIn();
}
const note = sessionStorage.getItem(NOTE);

sessionStorage.removeItem(NOTE);
if (note)
    say(note);
