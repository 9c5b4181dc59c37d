// SPDX-License-Identifier: BSD-2-Clause
// The page that is one file: the request is the URL's fragment, which no browser sends anywhere, and
// the answer is text that the person copies into the terminal.

import {answerOf, Foreign, optionsOf, readContext, readForwarded} from "./forward.js";
import {hasPasskeys, noteOf, partOf, say, show} from "./parts.js";
import {readCreation, readRequest, toBase64url, writeCredential} from "./webauthn.js";
import {words} from "./paste_words.js";

const language = navigator.languages.map((each) => each.slice(0, 2).toLowerCase())
    .map((each) => words.LANGUAGE.indexOf(each)).find((each) => each >= 0) ?? 0;

const NAME_SHOWN_MAX = 64; // characters, in a sentence

let current = null; // the request, its context, and when it is over
let pending = null; // what the browser asks the person, to be called off
let timer;

function word(name, ...values) {
    return values.reduce((text, value) => text.replace("%s", () => value), words[name][language]);
}

/* What nobody can see, and what turns text around, as a number. */
const visible = (text) => text.replace(
    /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800\ufffc\u{13441}\u{13442}\u{16fe4}\u{1d159}\u{1da7f}\u{1da80}]|(?! )\p{Zs}/gu,
    (hidden) => `\\u{${hidden.codePointAt(0).toString(16)}}`);

/*
 * The words, with what others wrote in an element of its own, so that a name that is written from
 * right to left leaves the rest where it is; a row has all of one that is long.
 */
function sentence(name, ...values) {
    const [first, ...rest] = words[name][language].split("%s");

    return [first, ...rest.flatMap((piece, index) => {
        const text = visible(values[index]);
        const own = document.createElement("bdi");

        own.textContent = text.length > NAME_SHOWN_MAX ? `${text.slice(0, NAME_SHOWN_MAX)}…` : text;
        return [own, piece];
    })];
}

/* --- what a reload or a second visit finds ----------------------------------------------------- */

const SEEN = "passkey-requests", OPEN = "passkey-request", SEEN_AGE = 3600 * 1000;

/* A browser may keep nothing; the page does without. */
function stored(storage, key) {
    try {
        return JSON.parse(window[storage].getItem(key)) ?? null;
    } catch {
        return null;
    }
}

function store(storage, key, value) {
    try {
        if (value === null)
            window[storage].removeItem(key);
        else
            window[storage].setItem(key, JSON.stringify(value));
    } catch {
        // as above
    }
}

/** When this browser saw the request first, and whether it has answered it. */
function remember(request, answered) {
    const nonce = toBase64url(request.nonce);
    const now = Date.now();
    const all = (stored("localStorage", SEEN) ?? []).filter(
        (each) => each.first <= now && each.first > now - SEEN_AGE);
    const own = all.find((each) => each.nonce === nonce) ?? {nonce, first: now, answered: false};

    own.answered ||= answered;
    store("localStorage", SEEN, [...all.filter((each) => each.nonce !== nonce), own]);
    return own;
}

/* What was shown is nowhere in the page any more. */
function putAway() {
    clearTimeout(timer);
    pending?.abort();
    current = null;
    document.querySelector("[data-lines]").replaceChildren();
}

function forget() {
    putAway();
    store("sessionStorage", OPEN, null);
}

/* --- the request ------------------------------------------------------------------------------- */

const ROWS = [
    ["user", "ACCOUNT"], ["host", "HOST"], ["service", "PROGRAM"], ["dialog", "DIALOG"],
    ["command", "COMMAND"], ["files", "FILES"], ["digest", "DIGEST"], ["target", "TARGET"],
    ["group", "GROUP"], ["cwd", "FOLDER"], ["chroot", "ROOT"], ["environment", "ENVIRONMENT"],
    ["ruser", "ASKER"], ["rhost", "FROM"], ["tty", "TERMINAL"],
];
const CODE = ["dialog", "command", "files", "digest", "cwd", "chroot", "environment"];

function row(term, text, code) {
    const [name, value] = ["dt", "dd"].map((each) => document.createElement(each));
    const inner = code ? value.appendChild(document.createElement("code")) : value;

    name.textContent = term;
    inner.textContent = visible(text);
    return [name, value];
}

/* Members that a later passkeyd adds are shown as they came, since they are signed as well. */
function rowsOf(context) {
    const known = ROWS.map(([name]) => name);
    const others = Object.keys(context).filter((name) => name !== "act" && !known.includes(name));

    return [
        ...ROWS.flatMap(([name, term]) => {
            const text = context[name] || (name === "rhost" ? word("HERE") : "");

            return text ? row(word(term), text, CODE.includes(name)) : [];
        }),
        ...others.flatMap((name) => row(visible(name), JSON.stringify(context[name]), true)),
    ];
}

const ACTS = {
    authenticate: ["SIGN_IN", "ASKED", "USE"],
    approve: ["APPROVE", "ASKED", "USE"],
    enroll: ["ENROLL", "ENROLL_ASKED", "CREATE"],
};

function showRequest() {
    const {context} = current;
    const part = partOf("ask");
    const [title, asked, use] = ACTS[context.act];

    part.querySelector("h1").replaceChildren(...sentence(title, context.user, context.host));
    part.querySelector("[data-asked]").textContent = word(asked);
    part.querySelector("[data-do=use]").textContent = word(use);
    part.querySelector("dl").replaceChildren(...rowsOf(context));
    say("");
    show("ask");
}

/* --- the answer -------------------------------------------------------------------------------- */

/* The one that is to be copied next stands out. */
function mark(next) {
    document.querySelectorAll("[data-do=copy]").forEach((button, index, all) => {
        button.className = index === Math.min(next, all.length - 1) ? "" : "second";
    });
}

async function copy(line, index, said) {
    let name = "PASTE_COPIED";

    try {
        await navigator.clipboard.writeText(line);
        mark(index + 1);
    } catch {
        name = "PASTE_BY_HAND";
    }
    said.textContent = word(name);
    said.hidden = false;
}

function lineOf(line, index, lines) {
    const several = lines.length > 1;
    const item = document.createElement("li");
    const text = item.appendChild(document.createElement("output"));
    const said = document.createElement("p");
    const button = item.appendChild(document.createElement("button"));

    text.className = "answer";
    text.textContent = line;
    said.className = "note";
    said.hidden = true;
    said.setAttribute("role", "status");
    button.type = "button";
    button.dataset.do = "copy";
    button.textContent = several ? word("PASTE_COPY_LINE", index + 1, lines.length)
        : word("PASTE_COPY");
    button.addEventListener("click", () => copy(line, index, said));
    item.append(said);
    return item;
}

function showAnswer(lines) {
    const {host, rhost} = current.context;
    const part = partOf("answer");

    part.querySelector("h1").textContent =
        word(lines.length > 1 ? "PASTE_ANSWERS" : "PASTE_ANSWER");
    part.querySelector("[data-where]").replaceChildren(...rhost
        ? sentence("PASTE_WHERE", host, rhost) : sentence("PASTE_WHERE_HERE", host));
    part.querySelector("[data-lines]").replaceChildren(...lines.map(lineOf));
    mark(0);
    show("answer");
}

async function usePasskey({request}) {
    const options = await optionsOf(request);
    const {signal} = pending;
    const credential = options.user
        ? await navigator.credentials.create({publicKey: readCreation(options), signal})
        : await navigator.credentials.get({publicKey: readRequest(options), signal});

    return answerOf(request, writeCredential(credential));
}

async function use() {
    const buttons = partOf("ask").querySelectorAll("button");
    const own = current;

    buttons.forEach((button) => (button.disabled = true));
    say("working");
    pending = new AbortController();
    try {
        const lines = await usePasskey(own);

        if (current !== own) // it is over, or another link was opened
            return;
        store("sessionStorage", OPEN, {line: own.line, lines});
        remember(own.request, true);
        showAnswer(lines);
    } catch (error) {
        if (current === own)
            say(noteOf(error));
    } finally {
        buttons.forEach((button) => (button.disabled = false));
    }
}

/* --- the start --------------------------------------------------------------------------------- */

/** The fragment, which leaves the address and the history at once; else what is open in this tab. */
function take() {
    const text = location.hash.slice(1);
    const open = stored("sessionStorage", OPEN);
    let line = text;

    if (!text)
        return open;
    history.replaceState(null, "", location.pathname + location.search);
    try {
        line = decodeURIComponent(text).trim();
    } catch {
        // shown as damaged
    }
    return open?.line === line ? open : {line, lines: null};
}

const isWithin = (host, domain) => host === domain || host.endsWith("." + domain);

function begin() {
    const open = take();

    putAway();
    if (!open) {
        show("none");
        return;
    }
    const request = readForwarded(open.line);
    const context = readContext(request);
    const own = remember(request, false);
    const left = own.first + request.timeout * 1000 - Date.now();

    if (!isWithin(location.hostname, request.rpId))
        throw new Foreign("another relying party");
    if (left <= 0) {
        forget();
        show("over");
        return;
    }
    if (own.answered && !open.lines) {
        show("answered");
        return;
    }
    current = {line: open.line, request, context};
    store("sessionStorage", OPEN, open);
    timer = setTimeout(() => {
        forget();
        show("over");
    }, left);
    if (open.lines)
        showAnswer(open.lines);
    else
        showRequest();
}

function start() {
    try {
        begin();
    } catch (error) {
        forget();
        show(error instanceof Foreign ? "foreign" : "broken");
    }
}

document.documentElement.lang = words.LANGUAGE[language];
for (const element of document.querySelectorAll("[data-word]"))
    element.textContent = word(element.dataset.word, location.hostname);
document.querySelector("[data-do=use]").addEventListener("click", use);
for (const button of document.querySelectorAll("[data-do=disown]"))
    button.addEventListener("click", () => {
        if (current)
            remember(current.request, true);
        forget();
        show("disowned");
    });
if (window.top !== window.self) {
    show("framed");
} else if (!hasPasskeys() || !crypto.subtle) {
    show("unsupported");
} else {
    window.addEventListener("hashchange", () => location.hash && start());
    start();
}
