/**
 * The reference app in `portico dev`, as people see it: Debian's Chromium walks through its pages and those of dev at
 * two widths. Screenshots are left in .vitest/screenshots.
 */
// @module-tag check
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import axe from "axe-core";
import { type Browser, chromium, type Locator, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { write } from "../e2e/app.ts";
import { repository, start, stopAll } from "../e2e/portico.ts";

/** Of Debian's package. */
const program = "/usr/bin/chromium";
/** Milliseconds: a guard against a hang, a little less than the one of a test. */
const hang = 280_000;

const screenshots = join(repository, ".vitest/screenshots");

let [folder, origin] = ["", ""];
let browser: Browser;

beforeAll(async () => {
  if (!existsSync(program)) throw new Error(`${program} is missing: apt-get install chromium`);
  folder = await mkdtemp(join(tmpdir(), "portico-browser-"));
  for (const name of ["functions", "hosting.json", "package.json", "tsconfig.json"])
    await cp(join(repository, name), join(folder, name), { recursive: true });
  await symlink(join(repository, "node_modules"), join(folder, "node_modules"));
  await rm(screenshots, { recursive: true, force: true });
  await mkdir(screenshots, { recursive: true });
  [, origin = ""] = await start(["dev", "--port", "0"], folder).until(/(http:\/\/127\.0\.0\.1:\d+)\S* {2}Ctrl-C/);
  browser = await chromium.launch({ executablePath: program, args: ["--disable-gpu"] });
});
afterAll(async () => {
  await browser?.close();
  await stopAll();
  await rm(folder, { recursive: true, force: true });
});

/** A desktop's and a phone's, in CSS pixels; the two color schemes have their contrasts. */
const screens = [
  { width: 1280, colorScheme: "light" },
  { width: 375, colorScheme: "dark" },
] as const;

/** A browser without cookies, and what went wrong in it so far: scripts that failed, answers that were errors. */
interface Visit {
  readonly page: Page;
  readonly problems: string[];
}

/** One page for each screen, since Chromium takes longer to open one than to walk through it. */
const visits = new Map<number, Visit>();

async function visit(screen: (typeof screens)[number]): Promise<Visit> {
  const opened = visits.get(screen.width) ?? (await open(screen));
  visits.set(screen.width, opened);
  // Ends what the page of the test before was still loading.
  await opened.page.goto("about:blank");
  await opened.page.context().clearCookies();
  opened.problems.length = 0;
  return opened;
}

async function open({ width, colorScheme }: (typeof screens)[number]): Promise<Visit> {
  const viewport = { width, height: 800 };
  const context = await browser.newContext({ baseURL: origin, viewport, colorScheme, reducedMotion: "reduce" });
  context.setDefaultTimeout(hang);
  const page = await context.newPage();
  const problems: string[] = [];
  const pathOf = (url: string): string => new URL(url).pathname;
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("requestfailed", (request) => {
    // fetch with redirect: "manual" does not follow.
    if (request.resourceType() === "fetch" && request.redirectedFrom()) return;
    problems.push(`${request.failure()?.errorText} ${pathOf(request.url())}`);
  });
  page.on("response", (answer) => {
    if (answer.status() >= 400) problems.push(`${answer.status()} ${pathOf(answer.url())}`);
  });
  page.on("console", (message) => {
    // An answer's status is told above, too.
    const isStatus = message.text().startsWith("Failed to load resource");
    if (["error", "warning"].includes(message.type()) && !isStatus) problems.push(message.text());
  });
  return { page, problems };
}

/** What axe-core finds, in the words of its rules. */
async function findings(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const { violations } = (await page.evaluate('axe.run({ resultTypes: ["violations"] })')) as axe.AxeResults;
  return violations.map(({ impact, help, nodes }) => `${impact}: ${help}: ${nodes.map(({ html }) => html).join(" ")}`);
}

/** The elements that reach beyond the right border of the page. */
const beyondBorder = `(() => {
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth <= clientWidth) return [];
  return [...document.body.querySelectorAll("*")]
    .filter((element) => element.getBoundingClientRect().right > clientWidth)
    .map((element) => element.outerHTML.slice(0, 100));
})()`;

/** Keeps a screenshot, and checks what a person would see or hear of the page. */
async function look(page: Page, name: string): Promise<void> {
  const path = join(screenshots, `${name}-${page.viewportSize()?.width}.png`);
  await page.screenshot({ path, fullPage: true });
  expect(await findings(page), name).toEqual([]);
  expect(await page.evaluate(beyondBorder), name).toEqual([]);
}

/** Fills fields by their labels, and sends the form by Enter in the last one. */
async function send(form: Page | Locator, fields: Readonly<Record<string, string>>): Promise<void> {
  for (const [label, value] of Object.entries(fields)) await form.getByLabel(label).fill(value);
  await form.getByLabel(Object.keys(fields).at(-1) ?? "").press("Enter");
}

const password = "a good password";

async function signUp(page: Page, name: string): Promise<void> {
  await page.goto("/signup");
  await send(page, { Name: name, Password: password });
  await page.getByText(`Welcome, ${name}.`).waitFor();
}

describe.each(screens)("at $width px, $colorScheme", (screen) => {
  const { width } = screen;

  it("shows the pages that anybody sees", async () => {
    const { page, problems } = await visit(screen);
    await page.goto("/");
    await look(page, "home");
    await page.getByRole("link", { name: /^Account/ }).click();
    await page.waitForURL("/login?next=%2Faccount");
    await page.getByRole("link", { name: "sign up" }).click();
    await look(page, "signup");
    expect(problems).toEqual([]);
  });

  it("signs up, out and in again", async () => {
    const { page, problems } = await visit(screen);
    const name = `Ada of ${width}`;
    await signUp(page, name);
    expect(new URL(page.url()).pathname).toBe("/account");
    await look(page, "account");
    await page.getByRole("button", { name: "Sign out", exact: true }).press("Enter");
    await page.waitForURL("/login");
    expect(problems).toEqual([]);

    await send(page, { Name: name, Password: "a wrong password" });
    await page.getByRole("alert").getByText("Name and password do not belong together.").waitFor();
    await look(page, "login");
    await send(page, { Password: password });
    await page.waitForURL("/account");
    expect(problems).toEqual(["401 /login"]);
  });

  it("signs the guestbook", async () => {
    const { page, problems } = await visit(screen);
    await signUp(page, `Bob of ${width}`);
    await page.goto("/guestbook");
    const text = `${"안녕하세요 ".repeat(9)}${"long".repeat(40)}`;
    await send(page, { Text: text, Name: "W".repeat(40) });
    await page.getByRole("listitem").getByText(text).waitFor();
    await look(page, "guestbook");
    await page.getByRole("listitem").filter({ hasText: text }).getByRole("button", { name: "Delete" }).press("Enter");
    await page.getByText(text).waitFor({ state: "detached" });
    expect(problems).toEqual([]);
  });

  it("uploads a photo, and says what is wrong with another file", async () => {
    const { page, problems } = await visit(screen);
    await page.goto("/photos");
    const photo = await page.screenshot({ type: "jpeg" });
    const file = page.getByLabel("Photo");
    await file.setInputFiles({ name: "a.txt", mimeType: "text/plain", buffer: Buffer.from("no photo") });
    await page.getByText("Only a JPEG, please.").waitFor();
    await file.setInputFiles({ name: "a.jpg", mimeType: "image/jpeg", buffer: photo });
    await page.getByRole("button", { name: "Upload" }).press("Enter");
    const shown = page.getByRole("img", { name: /^Uploaded/ }).first();
    await shown.waitFor();
    await expect.poll(() => shown.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(width);
    await look(page, "photos");
    expect(problems).toEqual([]);
  });

  it("sends a request from the page of the API", async () => {
    const { page, problems } = await visit(screen);
    await page.goto("/.portico/api");
    await page.getByRole("heading", { name: "guestbook API" }).waitFor();
    const note = page.getByRole("group").filter({ hasText: "Answers a note that it accepts" });
    await note.locator("summary").press("Enter");
    await note.getByLabel("body (JSON)").fill('{ "title": "From a browser", "tags": ["a"] }');
    await note.getByRole("button", { name: "Send" }).press("Enter");
    await note.getByText(/201 Created in \d+ ms[^]*"title": "From a browser"/).waitFor();
    await look(page, "api");
    expect(problems).toEqual([]);
  });

  it("asks for the header of a security scheme in the page of the API", async () => {
    const { page, problems } = await visit(screen);
    const secured = `functions/secured-${width}`;
    await write(
      folder,
      `${secured}/_middleware.ts`,
      `import { bearerAuth } from "hono/bearer-auth";
       export default bearerAuth({ token: "right" });
       const token = { type: "http", scheme: "bearer" };
       export const openapi = () => ({ components: { securitySchemes: { token } }, security: [{ token: [] }] });\n`,
    );
    const route = `import { resource } from "portico/resource";\nexport const GET = resource({}, () => "inside");\n`;
    await write(folder, `${secured}/index.ts`, route);
    await expect.poll(async () => (await fetch(`${origin}/secured-${width}`)).status).toBe(401);
    try {
      await page.goto("/.portico/api");
      const operation = page.getByRole("group").filter({ hasText: `/secured-${width}` });
      await operation.locator("summary").press("Enter");
      await operation.getByLabel("authorization (header)").fill("Bearer right");
      await operation.getByRole("button", { name: "Send" }).press("Enter");
      await operation.getByText(/200 OK in \d+ ms[^]*"inside"/).waitFor();
      expect(problems).toEqual([]);
    } finally {
      await rm(join(folder, secured), { recursive: true });
    }
    await expect.poll(async () => (await fetch(`${origin}/secured-${width}`)).status).toBe(404);
  });

  it("shows the line of an error, and the routes where nothing is", async () => {
    const { page, problems } = await visit(screen);
    await page.goto("/boom");
    await page.getByRole("heading", { name: "This route always throws.", exact: true }).waitFor();
    expect(await page.locator(".failing").textContent()).toContain('throw new Error("This route always throws.");');
    await look(page, "error");
    await page.goto("/nowhere");
    await page.getByRole("heading", { name: "Nothing is served at /nowhere" }).waitFor();
    await look(page, "not-found");
    expect(problems).toEqual(["500 /boom", "404 /nowhere"]);
  });

  it("shows the place of what does not compile, also in the page of the API", async () => {
    const { page, problems } = await visit(screen);
    const file = `functions/broken-${width}.ts`;
    await write(folder, file, "export const GET = () => {\n  return new Response(;\n};\n");
    await expect.poll(async () => (await fetch(`${origin}/broken-${width}`)).status).toBe(500);
    try {
      await page.goto(`/broken-${width}`);
      await page.getByRole("heading", { name: `${file}:2:23` }).waitFor();
      await look(page, "build-error");
      await page.goto("/.portico/api");
      await page.getByRole("alert").getByText(`${file}:2:23`).waitFor();
      await look(page, "api-error");
      expect(problems).toEqual([`500 /broken-${width}`, "500 /.portico/openapi.json"]);
    } finally {
      await rm(join(folder, file));
    }
    await expect.poll(async () => (await fetch(`${origin}/broken-${width}`)).status).toBe(404);
  });
});
