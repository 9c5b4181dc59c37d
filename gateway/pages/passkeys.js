// SPDX-License-Identifier: BSD-2-Clause
// Signing in to one's own passkeys, and looking after them. Every text is in the page already.

import {call} from "./calls.js";
import {hasPasskeys, noteOf, partOf, say, show} from "./parts.js";
import {readCreation, readRequest, writeCredential} from "./webauthn.js";

const NOTE = "passkeyd-note"; // for the page that is loaded next
const SUGGESTED_FOR = 3600000; // milliseconds, for who chooses none of them
const AGAIN = 15000; // before a challenge that waits for a person ends, in milliseconds
const CHANCES = 3; // of a suggested passkey that is none, and of the connection
const AGAIN_SHORT = 0.2; // at most, of a challenge's life

const page = document.querySelector("main");
const {base, token} = page.dataset;

class Failure extends Error {
    constructor(name) {
        super(name);
        this.note = name;
    }
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

async function post(name, body) {
    const answer = await call(`${base}/passkeys/${name}`, {...body, token});
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

const begin = (act, object) => post("begin", {act, object});

// Answers what was begun; how: as navigator.credentials.get() takes it. Gives what finish gives.
async function answer(act, {id, options}, how = {}) {
    const credential = act === "add"
        ? await navigator.credentials.create({publicKey: readCreation(options)})
        : await navigator.credentials.get({publicKey: readRequest(options), ...how});

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

// Asks for a passkey; act, object: as in the gateway's calls.
const use = async (act, object) => answer(act, await begin(act, object));

function explain(error) {
    if (error instanceof Failure)
        return document.querySelector(`[data-say="${CSS.escape(error.note)}"]`) ? error.note : "failed";
    return noteOf(error);
}

async function guarded(work) {
    const controls = document.querySelectorAll("button, input");

    controls.forEach((control) => (control.disabled = true));
    say("working");
    try {
        await work();
    } catch (error) {
        if (error.note === "ended" && partOf("own"))
            go(`${base}/passkeys`);
        else
            say(explain(error));
    } finally {
        controls.forEach((control) => (control.disabled = false));
    }
}

// --- signing in ------------------------------------------------------------------------------------

let waiting = null; // for a passkey that is chosen among the suggestions of the name

function callOff() {
    waiting?.abort();
    waiting = null;
}

async function signIn(name) {
    callOff();
    await use("sign-in", name);
    go(/\/decisions$/.test(location.pathname) ? location.pathname : `${base}/passkeys`);
}

const isLookedAt = () => document.visibilityState === "visible";

const lookedAt = () => new Promise((resolve) => {
    if (isLookedAt())
        resolve();
    else
        document.addEventListener("visibilitychange", resolve, {once: true});
});

// How long a challenge can wait for a person, of the time that the server gives it.
const lifeOf = ({timeout}) => timeout - Math.min(AGAIN, timeout * AGAIN_SHORT);

// Waits with what was begun: gives what was begun in its place, before its time is over; null: no
// one looks at the page any more, and so nothing is. Another passkey manager may be in front of it,
// so that what is under way goes on as long as its challenge is good.
async function suggestOnce(begun, own) {
    let next = null;
    const timer = setTimeout(async () => {
        if (isLookedAt())
            next = await begin("sign-in", "").catch(() => null);
        own.abort("again");
    }, lifeOf(begun.options));

    try {
        await answer("sign-in", begun, {mediation: "conditional", signal: own.signal});
        go(`${base}/passkeys`);
        return {};
    } catch (error) {
        if (error === "again")
            return {next};
        throw error;
    } finally {
        clearTimeout(timer);
    }
}

// Conditional mediation (Web Authentication 5.1.4), as long as somebody looks at the page.
async function suggest() {
    const until = Date.now() + SUGGESTED_FOR;
    let next = null, chances = CHANCES;

    if (waiting || !await PublicKeyCredential.isConditionalMediationAvailable?.())
        return;
    while (next !== undefined && Date.now() < until) {
        const own = waiting = new AbortController();

        try {
            await lookedAt();
            const begun = next ?? await begin("sign-in", "");

            if (own.signal.aborted) // meanwhile, by the button or by leaving
                return;
            ({next} = await suggestOnce(begun, own));
        } catch (error) {
            if (waiting !== own)
                return;
            waiting = null;
            next = null;
            if (error instanceof Failure)
                say(explain(error));
            if (!(error instanceof Failure) || error.note === "limit" || --chances === 0)
                return;
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
    window.addEventListener("pagehide", callOff);
    window.addEventListener("pageshow", (event) => event.persisted && suggest());
    suggest();
}

// --- one's own -------------------------------------------------------------------------------------

// One form at a time, and nothing else to be done meanwhile; name "": none.
function open(item, name) {
    for (const each of document.querySelectorAll("li[data-id]")) {
        for (const form of each.querySelectorAll("[data-form]"))
            form.hidden = each !== item || form.dataset.form !== name;
        each.querySelector(".actions").hidden = each === item && Boolean(name);
    }
    document.getElementById("adding").hidden = Boolean(name);
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

if (!hasPasskeys()) {
    show("unsupported");
} else if (partOf("own")) {
    startOwn();
} else {
    startSignIn();
}
const note = sessionStorage.getItem(NOTE);

sessionStorage.removeItem(NOTE);
if (note)
    say(note);
