// SPDX-License-Identifier: BSD-2-Clause
// A person with Chromium who opens a link: standard input says what they have and do, one JSON object,
// and standard output what they see in the end, another.
//   link; act: "use", "disown", "over" (waits for that), "reload" or "look"; language; javascript: false blocks it;
//   webauthn: false: there is none
//   passkey: what DevTools' WebAuthn.addCredential takes; authenticator: its options, and transport
//   picture: the start of files for what is seen; width, height, dark; axe: whether axe-core looks at it
//   keyboard: true: nothing is clicked; lost: "begin" or "finish": so is the first reply to that call, and they try again
//   then: what follows, each one of "copy", "reload", "visit" (the link once more, in a tab of its own) and
//     {"follow": another link in this tab}; the last copied text is seen as well
// held: the passkeys that are there in the end; address: the page's
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";

import { authenticator, pictures, withChromium } from "./chromium.mjs";

const wish = JSON.parse(await text(process.stdin));
const seen = { problems: [] };

const shown = (page) =>
  page.evaluate(() => {
    const part = [...document.querySelectorAll("[data-part]")].find((each) => !each.hidden);

    return {
      part: part?.dataset.part ?? null,
      text: (part ?? document.body).innerText,
      code: document.querySelector("[data-code]")?.textContent || null,
      buttons: [...(part ?? document).querySelectorAll("button:not([hidden])")].map((button) => button.innerText),
      lines: [...document.querySelectorAll("[data-lines] output")].map((line) => line.textContent),
      address: location.href,
      title: document.title,
      wide: document.documentElement.scrollWidth > window.innerWidth,
      language: document.documentElement.lang,
    };
  });

async function look(page, name) {
  if (wish.picture) await pictures(page, `${wish.picture}-${name}`);
  if (wish.axe) {
    // The page's own policy lets no other script in: as DevTools does it, it gets there.
    const axe = createRequire(import.meta.url)("axe-core");
    const client = await page.createCDPSession();

    await client.send("Runtime.evaluate", { expression: axe.source });
    const { result } = await client.send("Runtime.evaluate", {
      expression: "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice']})" +
        ".then((found) => JSON.stringify(found.violations.map((each) => [each.id, each.nodes.map((node) => node.html)])))",
      awaitPromise: true,
      returnByValue: true,
    });

    for (const [id, nodes] of JSON.parse(result.value)) seen.problems.push(`${name}: ${id}: ${nodes.join(" ")}`);
  }
}

// The connection breaks when the call has arrived, and before its reply has.
async function loseReply(page) {
  const client = await page.createCDPSession();
  const lost = new Promise((resolve) => {
    client.once("Fetch.requestPaused", async ({ requestId }) => {
      await client.send("Fetch.failRequest", { requestId, errorReason: "ConnectionReset" });
      await client.send("Fetch.disable");
      resolve();
    });
  });

  await client.send("Fetch.enable", { patterns: [{ urlPattern: `*/${wish.lost}`, requestStage: "Response" }] });
  await press(page, "use");
  await lost;
  await page.waitForSelector("[data-say=failed]:not([hidden])");
  await page.waitForSelector("[data-do=use]:not([disabled])");
}

async function press(page, name) {
  const button = await page.waitForSelector(`[data-part]:not([hidden]) [data-do=${name}]`, { visible: true });

  if (!wish.keyboard) {
    await button.click();
    return;
  }
  for (let tries = 0; tries < 20; tries++) {
    await page.keyboard.press("Tab");
    if (await button.evaluate((element) => element === document.activeElement)) break;
  }
  await page.keyboard.press("Enter");
}

const steps = {
  async copy(page) {
    await page.browserContext().overridePermissions(new URL(wish.link).origin, [
      "clipboard-read",
      "clipboard-write",
      "clipboard-sanitized-write",
    ]);
    await press(page, "copy");
    await page.waitForSelector("[data-lines] [role=status]:not([hidden])");
    seen.copied = await page.evaluate(() => navigator.clipboard.readText());
    return page;
  },
  async reload(page) {
    await page.reload();
    return page;
  },
  async visit(page) {
    const other = await page.browser().newPage();

    await other.goto(wish.link);
    return other;
  },
};

async function step(page, name) {
  if (typeof name === "string") return steps[name](page);
  await page.evaluate((link) => (location.href = link), name.follow);
  await page.waitForFunction(() => location.hash === "");
  return page;
}

await withChromium(
  async (browser) => {
    let page = await browser.newPage();
    const own = await authenticator(page);

    page.on("console", (message) => {
      if (message.type() === "error" && !/status of (4\d\d|503)|ERR_CONNECTION_RESET/.test(message.text())) seen.problems.push(message.text());
    });
    page.on("pageerror", (error) => seen.problems.push(String(error)));
    page.on("request", (request) => {
      if (!request.url().startsWith("data:") && new URL(request.url()).origin !== new URL(wish.link).origin)
        seen.problems.push(`a request to ${request.url()}`);
      // A page that frames ours is somebody else's.
      const told = request.headers().referer;
      if (told && new URL(told).pathname !== "/frame") seen.problems.push(`${request.url()} is told of ${told}`);
    });
    await page.setJavaScriptEnabled(wish.javascript !== false);
    if (wish.webauthn === false) await page.evaluateOnNewDocument(() => delete window.PublicKeyCredential);
    await page.setViewport({ width: wish.width ?? 1280, height: wish.height ?? 800 });
    if (wish.dark) await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
    const { transport = "internal", ...options } = wish.authenticator ?? {};

    await own.plug(transport, options);
    if (wish.passkey) await own.hold(wish.passkey);
    await page.goto(wish.link);
    // An enrolment link's page asks whose it is.
    if (wish.javascript !== false) await page.waitForFunction(() => !document.querySelector("[data-part=wait]:not([hidden])"));
    await look(page, "opened");
    if (wish.lost) await loseReply(page);
    if (wish.act === "use" || wish.act === "disown") {
      const before = (await shown(page)).part;

      await press(page, wish.act);
      await page.waitForFunction(
        (part) =>
          document.querySelector(`[data-part=${part}]`).hidden ||
          [...document.querySelectorAll("[data-say]")].some((line) => !line.hidden && line.dataset.say !== "working"),
        {},
        before,
      );
      await look(page, wish.act);
    }
    if (wish.act === "over") {
      await page.waitForSelector("[data-part=over]:not([hidden])");
      await look(page, "over");
    }
    for (const name of wish.then ?? []) {
      page = await step(page, name);
      await look(page, name.follow ? "follow" : name);
    }
    if (wish.act === "reload") {
      await page.reload();
      await page.waitForFunction(() => !document.querySelector("[data-part=wait]:not([hidden])"));
      await look(page, wish.act);
    }
    Object.assign(seen, await shown(page), { held: await own.held(), address: page.url() });
    if (page.frames().length > 1) seen.frame = await page.frames()[1].evaluate(() => document.body.innerText);
  },
  [`--lang=${wish.language ?? "en"}`, `--accept-lang=${wish.language ?? "en"}`],
);
console.log(JSON.stringify(seen));
