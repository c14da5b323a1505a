/** Pages of features begin with files to paste: written as they stand there, they answer as the page says. */
// @module-tag check
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { appFolder, linkPackages, says } from "./app.ts";
import { repository, start } from "./portico.ts";

const app = appFolder("first-files");

interface Block {
  readonly language: string;
  readonly text: string;
}

/** The blocks of code before the second heading. */
async function firstBlocks(page: string): Promise<readonly Block[]> {
  const text = await readFile(join(repository, "docs", page), "utf8");
  const [first = ""] = text.split(/^## /m, 1);
  return [...first.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map(([, language = "", block = ""]) => ({
    language,
    text: block,
  }));
}

/** Blocks that begin with a file's name, and one with settings: whole, or keys alone. */
function filesOf(blocks: readonly Block[]): Readonly<Record<string, string>> {
  const named = blocks.flatMap(({ text }) => {
    const [, file] = /^(?:\/\/|\{#) (functions\/[^\s,:]+|extensions\/[^\s,:]+)/.exec(text) ?? [];
    return file === undefined ? [] : [[file, text] as const];
  });
  const isSettings = ({ language, text }: Block): boolean =>
    language === "json" && /^(?:\{ "name": "\w+", "target"|"extensions")/.test(text);
  const settings = blocks.find(isSettings)?.text ?? "";
  const hosting = settings.startsWith("{") ? settings : `{ "name": "app"${settings && `, ${settings}`} }`;
  return { "functions/index.ts": says("hi"), "hosting.json": hosting, ...Object.fromEntries(named) };
}

/** @param page its first files make the app */
const make = async (page: string, more: Readonly<Record<string, string>> = {}): Promise<string> =>
  app(page, { ...filesOf(await firstBlocks(page)), ...more });

type Ask = (path: string, init?: RequestInit) => Promise<Response>;

async function serve(root: string): Promise<Ask> {
  const dev = start(["dev", "--target", "node", "--port", "0"], root);
  const [, url = ""] = await dev.until(/(http:\/\/127\.0\.0\.1:\d+) {2}Ctrl-C/);
  return (path, init) => fetch(url + path, init);
}

it("files.md", async () => {
  const ask = await serve(await make("files.md"));
  expect((await ask("/pictures/one", { method: "PUT", body: "picture" })).status).toBe(204);
  const shown = await ask("/pictures/one");
  expect([shown.headers.get("content-type"), await shown.text()]).toEqual(["image/png", "picture"]);
  expect((await ask("/pictures/two")).status).toBe(404);
});

it("sessions.md", async () => {
  const ask = await serve(await make("sessions.md"));
  const first = await ask("/visits");
  expect(await first.json()).toEqual({ visits: 1 });
  const [cookie = ""] = first.headers.get("set-cookie")?.split(";") ?? [];
  expect(await (await ask("/visits", { headers: { cookie } })).json()).toEqual({ visits: 2 });
});

it("extensions.md", async () => {
  const json = (await firstBlocks("extensions.md")).filter(({ language }) => language === "json");
  const folder = "extensions/portico-robots";
  const root = await make("extensions.md", {
    [`${folder}/package.json`]: json[0]!.text,
    [`${folder}/settings.schema.json`]: json[1]!.text,
  });
  await linkPackages(root, { "portico-robots": join(root, folder) });
  const ask = await serve(root);
  expect((await ask("/")).headers.get("x-robots-tag")).toBe("noindex, nofollow");
});

it.each([
  ["store.md", "/visits", {}, '{"total":1}'],
  ["log.md", "/orders/7", { method: "POST" }, "thank you\n"],
  ["jobs.md", "/", { method: "POST" }, /^".+"$|^\{.*\}$/],
  ["templates.md", "/", {}, /<h1>Hello &lt;World&gt;<\/h1>/],
  [
    "resources.md",
    "/notes",
    { method: "POST", body: '{"title":"First light"}', headers: { "content-type": "application/json" } },
    /"title":"First light","tags":\[\]/,
  ],
] as const)("%s", async (page, path, init, body) => {
  const ask = await serve(await make(page));
  const text = await (await ask(path, init)).text();
  if (typeof body === "string") expect(text).toBe(body);
  else expect(text).toMatch(body);
});
