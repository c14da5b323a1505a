/**
 * Static files over raw HTTP on every server of ours: what is in the folder is served, and nothing beside it, however
 * it is asked for.
 */
// @module-tag isolated
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadApp } from "../../framework/config/app-loader.ts";
import type { RunningApp, Runtime } from "../conformance/runtime.ts";
import { lambda } from "../conformance/runtimes/lambda.ts";
import { localCloud } from "../conformance/runtimes/local-cloud.ts";
import { node } from "../conformance/runtimes/node.ts";
import { workersDev } from "../conformance/runtimes/workers-dev.ts";
import { run } from "../dev/gateway-app.ts";
import { raw } from "../http/raw-client.ts";

const secret = "SECRET-OF-THE-APP";
/**
 * What must never come out, wherever it lies; a name with a question mark only exists where the file system takes it.
 */
const files: Readonly<Record<string, string>> = {
  "hosting.json": `{ "name": "raw", "env": { "TOKEN": "${secret}" } }`,
  ".env": secret,
  "secret.txt": secret,
  "functions/api/[[...path]].ts": `export const GET = () => new Response("the route"); // ${secret}`,
  "functions/_public-secret/x.txt": secret,
  "functions/_public.txt": secret,
  "functions/_publi/c.txt": secret,
  "functions/_public/.env": secret,
  "functions/_public/.git/config": secret,
  "functions/_public/in/.hidden/x.txt": secret,
  "functions/_public/a.txt": "public a",
  "functions/_public/in/b.txt": "public b",
  "functions/_public/a?b.txt": "public question",
  "functions/_public/back\\slash.txt": "public backslash",
  "functions/_public/.well-known/x.txt": "public known",
  "functions/_public/page/index.html": "public page",
};
const links: Readonly<Record<string, string>> = {
  "out.txt": "../../secret.txt",
  "root.txt": "/etc/passwd",
  app: "../..",
  sibling: "../_public-secret",
  "sibling.txt": "../_public-secret/x.txt",
  "env.txt": ".env",
  git: ".git",
  loop: "loop",
  "linked.txt": "in/b.txt",
};

const up = [
  "..",
  "%2e%2e",
  "%2E%2e",
  ".%2e",
  "%2e.",
  "..%2f..",
  "%2e%2e%2f%2e%2e",
  "..%5c..",
  "%2e%2e%5c..",
  "%252e%252e",
  "%252e%252e%252f%252e%252e",
  "..\\..",
  "..;",
  "..;/..",
  "....",
  "....//..",
  "%c0%ae%c0%ae",
  "%e0%80%ae%e0%80%ae",
  "%uff0e%uff0e",
  "..%00",
  "..%0d%0a",
  "..%09",
  "..%20",
  "..%ff",
  ".%00.",
];
const wanted = [
  "secret.txt",
  "hosting.json",
  ".env",
  "_public-secret/x.txt",
  "functions/_public-secret/x.txt",
  "etc/passwd",
];
const prefixes = ["", "in/", "api/", "page/", "_public/"];

/** Request targets that must lead nowhere. */
const attacks: readonly string[] = [
  ...up.flatMap((step) => wanted.map((name) => `/${step}/${name}`)),
  ...up.flatMap((step) => prefixes.slice(1).map((prefix) => `/${prefix}${step}/${step}/${step}/secret.txt`)),
  ...[
    "/..%2f",
    "/..%5c",
    "/%2e%2e%2f",
    "/%2e%2e%5c",
    "/..%252f",
    "/..%255c",
    "/..%c0%af",
    "/..%e0%80%af",
    "/.%252e/",
  ].flatMap((step) => wanted.map((name) => `${step.repeat(1)}${name}`)),
  ...[
    "//",
    "///",
    "/./",
    "/.//",
    "//./",
    "/%2f",
    "/%2f%2f",
    "/%5c",
    "/%5c%5c",
    "/\\",
    "/\\\\",
    "\\",
    "/C:/",
    "/c:%5c",
    "/file:///",
    "/~/",
    "/@fs/",
    "/proc/self/cwd/",
  ].flatMap((start) => wanted.map((name) => `${start}${name}`)),
  ...["-secret/x.txt", "/../_public-secret/x.txt", "%2d%73ecret/x.txt", ".txt", "%2etxt", "/c.txt"].map(
    (end) => `/_public${end}`,
  ),
  ...[
    "/.env",
    "/%2eenv",
    "/%2Eenv",
    "/in/../.env",
    "/in/%2e%2e/.env",
    "/.git/config",
    "/%2egit/config",
    "/.git%2fconfig",
    "/.GIT/config",
    "/in/.hidden/x.txt",
    "/in/%2ehidden/x.txt",
    "/.env%00.txt",
    "/.env%20",
    "/.env.",
    "/.ENV",
    "/a.txt/../.env",
    "/a.txt/%2e%2e/.env",
  ],
  ...Object.keys(links)
    .filter((name) => name !== "linked.txt")
    .flatMap((name) => [
      `/${name}`,
      `/${name}/`,
      `/${name}/secret.txt`,
      `/${name}/x.txt`,
      `/${name}/config`,
      `/${name}/hosting.json`,
    ]),
  ...[
    "/a.txt%00",
    "/a.txt%00.html",
    "/%00a.txt",
    "/a%00.txt",
    "/a.txt\0",
    "/a.txt\x01",
    "/a .txt",
    "/a\t.txt",
    "/%",
    "/%2",
    "/%zz",
    "/a.txt%",
    "/%80",
    "/%ff.txt",
  ].map((path) => path),
  ...[
    "http://127.0.0.1/../secret.txt",
    "http://evil.example/%2e%2e/secret.txt",
    "http://evil.example/..%2fsecret.txt",
    "file:///etc/passwd",
    "ftp://x/secret.txt",
    "127.0.0.1:80",
    "*",
    "?x",
    "#x",
    "",
  ],
];

/** `portico dev ./functions/_public`: a folder that is no app. */
const site: Pick<Runtime, "start"> & { readonly name: "site" } = {
  name: "site",
  async start({ app }) {
    const running = await run({}, { directory: true, root: join(app.root, "functions/_public") });
    return {
      origin: running.gateway.url,
      send: () => Promise.reject(new Error("only raw")),
      close: async () => running[Symbol.asyncDispose](),
    };
  },
};

describe.each([lambda, node, localCloud, workersDev, site])("$name", (runtime) => {
  let root: string;
  let folder: string;
  let running: RunningApp;
  const ask = (line: string, ...headers: string[]): Promise<string> =>
    raw(Number(new URL(running.origin).port), [line, "Host: localhost", "Connection: close", ...headers, "", ""]);

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "portico-raw-"));
    folder = await mkdtemp(join(tmpdir(), "portico-raw-out-"));
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, name)), { recursive: true });
      await writeFile(join(root, name), text);
    }
    for (const [name, target] of Object.entries(links)) await symlink(target, join(root, "functions/_public", name));
    const app = await loadApp({ root, stage: "local" });
    running = await runtime.start({ app, env: {}, folder });
  });
  afterAll(async () => {
    await running?.close();
    await Promise.all([root, folder].map((path) => rm(path, { recursive: true, force: true })));
  });

  test.each([
    ["/a.txt", "public a"],
    ["/in/b.txt", "public b"],
    ["/in/../a.txt", "public a"],
    ["/linked.txt", "public b"],
    ["/a%3Fb.txt", "public question"],
    ["/a%3Fb.txt?a=1", "public question"],
    ["/back%5Cslash.txt", "public backslash"],
    ["/.well-known/x.txt", "public known"],
    ["/page/", "public page"],
    ["http://localhost/a.txt", "public a"],
    ["/api/x", "the route"],
  ])("GET %s responds with %s", async (target, text) => {
    const answer = await ask(`GET ${target} HTTP/1.1`);
    const { name } = runtime;
    // A plain folder has no routes, and takes a name with a backslash for one that may be two.
    if (name === "site" && /^\/api|%5C/.test(target)) return expect(answer).toMatch(/^HTTP\/1\.1 404 /);
    // An HTTP API cuts a decoded path at its question mark, and decodes it again.
    if (/^(lambda|local-cloud)$/.test(name) && target.includes("%3F")) {
      expect(answer).toMatch(/^HTTP\/1\.1 404 /);
      return expect(await ask(`GET ${target.replace("%3F", "%253F")} HTTP/1.1`)).toContain(text);
    }
    // An HTTP API matches before it resolves dots.
    if (/^(lambda|local-cloud)$/.test(name) && target.includes("..") && answer.startsWith("HTTP/1.1 404")) return;
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer.endsWith(text) || answer.includes(`\r\n${text}\r\n`), answer).toBe(true);
  });

  test(`none of ${attacks.length} hostile paths returns a file from outside the folder`, async () => {
    const wrong: string[] = [];
    // Sixteen at a time: a server that hangs or dies on one of them fails the next.
    for (let at = 0; at < attacks.length; at += 16) {
      const some = attacks.slice(at, at + 16);
      const answers = await Promise.all(some.map((target) => ask(`GET ${target} HTTP/1.1`)));
      for (const [index, answer] of answers.entries()) {
        const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1] ?? 0);
        const location = /^location: (.*)$/im.exec(answer)?.[1] ?? "/";
        const safe = !answer.includes(secret) && !answer.includes("root:") && /^\/(?![/\\])/.test(location);
        const own = status === 200 && answer.includes("the route");
        if (!safe || !(own || [0, 307, 308, 400, 403, 404].includes(status)))
          wrong.push(`${some[index]} → ${answer.slice(0, 300)}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(await ask("GET /a.txt HTTP/1.1")).toContain("public a");
  });
});
