// SPDX-License-Identifier: BSD-2-Clause
// A person with Chromium who looks after their own passkeys: standard input says what they have and
// do, one JSON object, and standard output what they saw, another.
//   home: where they begin; language, javascript, width, height, dark, axe, picture: as in link.mjs
//   devices: authenticators, each its options, its transport and "hold": passkeys that it has
//   steps: what is done, one after the other, each a list:
//     ["sign-in"], ["sign-in", NAME]   and the page that comes
//     ["suggested"]                    a passkey comes by conditional mediation, without a click;
//                                      only with suggests: true
//     ["plug", N]                      device N is the one that is there from now on
//     ["rename", PASSKEY, NAME], ["remove", PASSKEY], ["remove-last", PASSKEY], ["add"], ["sign-out"]
//     ["open", PASSKEY, FORM]          what is asked before, and nothing more
//     ["go", PATH], ["look", NAME]
//     ["later", FILE, SECONDS]         the daemon's clock is so far ahead (tests/lib/later.c)
//   What they saw after each step is in "seen"; what the page told providers in "signals".
import { renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";

import { authenticator, pictures, withChromium } from "./chromium.mjs";

const wish = JSON.parse(await text(process.stdin));
const result = { problems: [], seen: [], signals: [] };

const shown = (page) =>
  page.evaluate(() => ({
    text: document.body.innerText,
    note: [...document.querySelectorAll("[data-say]")].find((each) => !each.hidden)?.dataset.say ?? null,
    names: [...document.querySelectorAll("li[data-id] h2")].map((each) => each.innerText),
    signedIn: document.querySelector("[data-part=own]") !== null,
    wide: document.documentElement.scrollWidth > window.innerWidth,
    language: document.documentElement.lang,
    focus: document.activeElement?.dataset?.do ?? document.activeElement?.name ?? null,
  }));

let looked = 0;

async function look(page, name) {
  if (wish.picture) await pictures(page, `${wish.picture}-${++looked}-${name}`);
  if (!wish.axe) return;
  // The page's own policy lets no other script in: as DevTools does it, it gets there.
  const axe = createRequire(import.meta.url)("axe-core");
  const client = await page.createCDPSession();

  await client.send("Runtime.evaluate", { expression: axe.source });
  const { result: found } = await client.send("Runtime.evaluate", {
    expression: "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice']})" +
      ".then((found) => JSON.stringify(found.violations.map((each) => [each.id, each.nodes.map((node) => node.html)])))",
    awaitPromise: true,
    returnByValue: true,
  });

  for (const [id, nodes] of JSON.parse(found.value)) result.problems.push(`${name}: ${id}: ${nodes.join(" ")}`);
}

// A click, or the keys that come to the same.
async function press(page, element) {
  if (!wish.keyboard) {
    await element.click();
    return;
  }
  for (let tries = 0; tries < 60; tries++) {
    if (await element.evaluate((each) => each === document.activeElement)) break;
    await page.keyboard.press("Tab");
  }
  if (!(await element.evaluate((each) => each === document.activeElement)))
    result.problems.push("it cannot be reached by keyboard");
  await page.keyboard.press("Enter");
}

const control = (page, selector) => page.waitForSelector(selector, { visible: true });

async function item(page, name) {
  const items = await page.$$("li[data-id]");

  for (const each of items)
    if ((await each.$eval("h2", (heading) => heading.innerText)) === name) return each;
  throw new Error(`there is no ${name}`);
}

// Until a page was loaded or something other than "working" is said.
async function settled(page, work) {
  await page.evaluate(() => (window.before = true));
  await work();
  await page.waitForFunction(
    () =>
      document.readyState === "complete" &&
      document.querySelector("main") &&
      (!window.before ||
        [...document.querySelectorAll("[data-say]")].some((line) => !line.hidden && line.dataset.say !== "working")),
  );
}

async function open(page, name, form) {
  const own = await item(page, name);

  await press(page, await own.$(`[data-do=${form}]`));
  return own;
}

const steps = {
  async "sign-in"(page, own, name) {
    if (name === undefined) {
      const button = await control(page, "[data-do=sign-in]");
      await settled(page, () => press(page, button));
      return;
    }
    const field = await control(page, "#account");
    await field.type(name);
    const button = await control(page, "[data-form=sign-in] button");
    await settled(page, () => press(page, button));
  },
  async suggested(page) {
    await page.waitForSelector("[data-part=own]");
  },
  async plug(page, own, number) {
    const { transport = "internal", hold = [], ...options } = wish.devices[number];

    await own.plug(transport, options);
    for (const passkey of hold) await own.hold(passkey);
  },
  async rename(page, own, passkey, name) {
    const form = await open(page, passkey, "rename");
    const field = await form.$("input");

    await field.evaluate((each) => {
      each.removeAttribute("maxlength"); // what is too long is the server's to refuse, too
      each.value = "";
    });
    await field.type(name);
    await settled(page, () => page.keyboard.press("Enter"));
  },
  async open(page, own, passkey, form) {
    await open(page, passkey, form);
  },
  async remove(page, own, passkey) {
    const form = await open(page, passkey, "remove");
    await settled(page, async () => press(page, await form.$("[data-do=remove-now]")));
  },
  async "remove-last"(page, own, passkey) {
    const form = await open(page, passkey, "remove");
    await settled(page, async () => press(page, await form.$("[data-do=remove-last]")));
  },
  async add(page) {
    const button = await control(page, "[data-do=add]");
    await settled(page, () => press(page, button));
  },
  async "sign-out"(page) {
    const button = await control(page, "[data-do=sign-out]");
    await settled(page, () => press(page, button));
  },
  async go(page, own, path) {
    await page.goto(new URL(path, wish.home));
  },
  async later(page, own, file, seconds) {
    writeFileSync(`${file}-new`, String(seconds), { mode: 0o644 });
    renameSync(`${file}-new`, file);
  },
  async look() {},
};

await withChromium(
  async (browser) => {
    const page = await browser.newPage();
    const own = await authenticator(page);

    page.on("console", (message) => {
      if (message.type() === "error" && !/status of 4\d\d/.test(message.text())) result.problems.push(message.text());
    });
    page.on("pageerror", (error) => result.problems.push(String(error)));
    page.on("request", (request) => {
      if (!request.url().startsWith("data:") && new URL(request.url()).origin !== new URL(wish.home).origin)
        result.problems.push(`a request to ${request.url()}`);
    });
    await page.exposeFunction("signalled", (what, facts) => result.signals.push([what, facts]));
    await page.evaluateOnNewDocument((suggests) => {
      // A virtual authenticator answers by itself what a person would choose from a list.
      if (!suggests && window.PublicKeyCredential)
        PublicKeyCredential.isConditionalMediationAvailable = async () => false;
      for (const what of ["signalUnknownCredential", "signalAllAcceptedCredentials", "signalCurrentUserDetails"]) {
        const real = window.PublicKeyCredential?.[what];

        if (real)
          PublicKeyCredential[what] = async (facts) => {
            await window.signalled(what, facts);
            return real.call(PublicKeyCredential, facts);
          };
      }
    }, wish.suggests === true);
    await page.setJavaScriptEnabled(wish.javascript !== false);
    await page.setViewport({ width: wish.width ?? 1280, height: wish.height ?? 800 });
    if (wish.dark) await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
    if (wish.devices) await steps.plug(page, own, 0);
    await page.goto(wish.home);
    for (const [name, ...rest] of [...(wish.suggests ? [] : [["look"]]), ...(wish.steps ?? [])]) {
      await steps[name](page, own, ...rest);
      result.seen.push(await shown(page));
      await look(page, name === "look" ? (rest[0] ?? "home") : name);
    }
  },
  [`--lang=${wish.language ?? "en"}`, `--accept-lang=${wish.language ?? "en"}`],
);
console.log(JSON.stringify(result));
