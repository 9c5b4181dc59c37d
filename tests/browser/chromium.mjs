// SPDX-License-Identifier: BSD-2-Clause
// Debian's Chromium with a virtual authenticator, on a page of the gateway's own origin.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import puppeteer from "puppeteer-core";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Runs use(browser) with a Chromium of its own. */
export async function withChromium(use, flags = []) {
  const folder = await mkdtemp(join(tmpdir(), "passkeyd-chromium-"));
  const browser = await puppeteer.launch({
    executablePath: "/usr/bin/chromium",
    headless: true,
    userDataDir: folder,
    args: [...FLAGS, ...flags],
  });

  try {
    await use(browser);
  } finally {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs use(page, authenticator) on a page of that origin with the tests' own scripts. */
export async function withPage(origin, use) {
  const { build } = await import("esbuild");

  await withChromium(async (browser) => {
    const page = await browser.newPage();
    const { outputFiles } = await build({
      entryPoints: [new URL("page.mjs", import.meta.url).pathname],
      bundle: true,
      format: "iife",
      write: false,
    });

    await page.setRequestInterception(true);
    page.on("request", (request) =>
      request.url() === `${origin}/page`
        ? request.respond({ contentType: "text/html", body: "<!doctype html><title>page</title>" })
        : request.continue(),
    );
    await page.goto(`${origin}/page`);
    await page.addScriptTag({ content: outputFiles[0].text });
    await use(page, await authenticator(page));
  });
}

/** A virtual authenticator of the page's: WebAuthn in Chromium's DevTools protocol. */
export async function authenticator(page) {
  const client = await page.createCDPSession();
  let id;

  await client.send("WebAuthn.enable");
  return {
    /** Takes the one that is there away, with all its passkeys. */
    async plug(transport = "internal", more = {}) {
      if (id) await client.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId: id });
      const { authenticatorId } = await client.send("WebAuthn.addVirtualAuthenticator", {
        options: {
          protocol: "ctap2",
          transport,
          hasResidentKey: true,
          hasUserVerification: true,
          isUserVerified: true,
          automaticPresenceSimulation: true,
          ...more,
        },
      });
      id = authenticatorId;
    },
    /** Gives it a passkey that was made elsewhere. */
    async hold(credential) {
      await client.send("WebAuthn.addCredential", { authenticatorId: id, credential });
    },
    /** The passkeys that it has, as hold() takes them. */
    async held() {
      return (await client.send("WebAuthn.getCredentials", { authenticatorId: id })).credentials;
    },
  };
}

const SIZES = [
  [390, 844],
  [1280, 800],
  [640, 400], // what a window of 1280 has at 200 %
];

/** Pictures of the page as it is, in every size, light and dark: PATH-WIDTH-light.png and so on. */
export async function pictures(page, path) {
  const before = page.viewport();
  const wasDark = await page.evaluate(() => matchMedia("(prefers-color-scheme: dark)").matches);
  const scheme = (value) => page.emulateMediaFeatures([{ name: "prefers-color-scheme", value }]);

  for (const [width, height] of SIZES) {
    await page.setViewport({ width, height });
    for (const value of ["light", "dark"]) {
      await scheme(value);
      await page.screenshot({ path: `${path}-${width}-${value}.png`, fullPage: true });
    }
  }
  await page.setViewport(before);
  await scheme(wasDark ? "dark" : "light");
}
