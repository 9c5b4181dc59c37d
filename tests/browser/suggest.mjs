// SPDX-License-Identifier: BSD-2-Clause
// The sign-in page of one's own passkeys while it suggests them and nobody chooses: standard input says
// where it is, and what happens to it, one JSON object; standard output what it did, another.
//   home; steps, one after the other: "time" (all that it waits for comes), "hide", "show", "press" (the
//   button), "leave", "come back", "choose" (the person takes one that the server knows not)
// Its clock and its authenticator are the test's; its calls are answered by the gateway.
import { text } from "node:stream/consumers";

import { withChromium } from "./chromium.mjs";

const wish = JSON.parse(await text(process.stdin));
const result = { problems: [], seen: [] };

// What happens is put in "events" in its order; "timers" has what waits, and for how long.
function instrument() {
  const events = (window.events = []);
  const timers = (window.timers = new Map());
  const { fetch } = window;
  let number = 0;

  window.setTimeout = (work, delay) => {
    timers.set(++number, { work, delay });
    return number;
  };
  window.clearTimeout = (which) => timers.delete(which);
  window.fetch = async (path, options) => {
    const answer = await fetch(path, options);

    events.push(path.replace(/.*\//, ""));
    return answer;
  };
  PublicKeyCredential.isConditionalMediationAvailable = async () => true;
  PublicKeyCredential.signalUnknownCredential = async () => {};
  navigator.credentials.get = ({ publicKey, mediation, signal }) =>
    new Promise((resolve, reject) => {
      events.push(mediation ?? "asked");
      window.challenge = [...new Uint8Array(publicKey.challenge)].join();
      window.choose = () => resolve({ id: "AAAA", toJSON: () => ({ id: "AAAA", rawId: "AAAA", type: "public-key", response: {} }) });
      window.refuse = () => reject(new DOMException("", "NotAllowedError"));
      signal?.addEventListener("abort", () => {
        events.push("called off");
        reject(signal.reason);
      });
    });
  Object.defineProperty(document, "visibilityState", { get: () => (window.isHidden ? "hidden" : "visible") });
  window.look = (hidden) => {
    window.isHidden = hidden;
    document.dispatchEvent(new Event("visibilitychange"));
  };
}

const steps = {
  time: () => {
    const waiting = [...window.timers.values()];

    window.timers.clear();
    for (const { work } of waiting) work();
  },
  hide: () => window.look(true),
  show: () => window.look(false),
  press: () => document.querySelector("[data-do=sign-in]").click(),
  leave: () => window.dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true })),
  "come back": () => window.dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true })),
  choose: () => window.choose(),
};

// Until nothing is under way any more: no call, and nothing that it leads to.
async function settled(page) {
  await page.waitForNetworkIdle({ idleTime: 300 });
  result.seen.push(
    await page.evaluate(() => ({
      events: window.events.splice(0),
      delays: [...window.timers.values()].map(({ delay }) => delay),
      challenge: window.challenge,
      note: [...document.querySelectorAll("[data-say]")].find((each) => !each.hidden)?.dataset.say ?? null,
    })),
  );
}

await withChromium(async (browser) => {
  const page = await browser.newPage();

  page.on("pageerror", (error) => result.problems.push(String(error)));
  await page.evaluateOnNewDocument(instrument);
  await page.goto(wish.home);
  await settled(page);
  for (const name of wish.steps) {
    await page.evaluate(steps[name]);
    await settled(page);
  }
});
console.log(JSON.stringify(result));
