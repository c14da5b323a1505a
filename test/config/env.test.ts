/** Values of env and secrets on this machine: precedence, generated secrets and errors. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { resolveEnv, type EnvOptions, type ResolvedEnv } from "../../framework/config/env.ts";
import { loadApp } from "../../framework/config/app-loader.ts";
import { appFolder } from "../routes/app-folder.ts";

const hosting = JSON.stringify({
  name: "app",
  env: { GREETING: "hello", toString: "x" },
  secrets: ["SESSION_KEY", "constructor"],
});
const dev: EnvOptions = { files: true, missing: "generate", processEnv: {} };

async function resolve(root: string, options: Partial<EnvOptions> = {}, stage = "dev"): Promise<ResolvedEnv> {
  return resolveEnv(await loadApp({ root, stage }), { ...dev, ...options });
}

test("files override declared env, the stage's file first; undeclared names are only reported", async () => {
  const root = appFolder({
    "hosting.json": hosting,
    ".env": 'GREETING="from env"\nSESSION_KEY=one\nconstructor=c\nOTHER=1\nNODE_ENV=x',
    ".env.dev": "export GREETING='안녕 #1'\nEXTRA=2",
  });
  expect(await resolve(root)).toEqual({
    env: { GREETING: "안녕 #1", toString: "x", SESSION_KEY: "one", constructor: "c" },
    generated: [],
    undeclared: ["EXTRA", "NODE_ENV", "OTHER"],
  });
  expect((await resolve(root, {}, "local")).env["GREETING"]).toBe("from env");
  expect(existsSync(join(root, ".portico"))).toBe(false);
});

test("process.env overrides the files for secrets, and is not read for env", async () => {
  const root = appFolder({ "hosting.json": hosting, ".env": "SESSION_KEY=file\nconstructor=c" });
  expect((await resolve(root, { processEnv: { SESSION_KEY: "process", GREETING: "no" } })).env).toMatchObject({
    SESSION_KEY: "process",
    GREETING: "hello",
  });
});

test("without the files option no file is read", async () => {
  const root = appFolder({ "hosting.json": hosting, ".env": "SESSION_KEY=file\nGREETING=file" });
  const given = { SESSION_KEY: "s", constructor: "c" };
  expect(await resolve(root, { files: false, missing: "refuse", processEnv: given })).toEqual({
    env: { GREETING: "hello", toString: "x", ...given },
    generated: [],
    undeclared: [],
  });
});

test("missing secrets are generated once, shared by dev and local, and readable for this user only", async () => {
  const root = appFolder({ "hosting.json": hosting });
  mkdirSync(join(root, ".portico"), { mode: 0o755 });
  const first = await resolve(root);
  expect(first.generated.map(({ name }) => name)).toEqual(["SESSION_KEY", "constructor"]);
  for (const { name, value } of first.generated) {
    expect(value).toMatch(/^[A-Za-z0-9_-]{32,}$/);
    expect(first.env[name]).toBe(value);
  }
  const again = await resolve(root, {}, "local");
  expect(again).toEqual({ ...first, generated: [] });
  expect(statSync(join(root, ".portico/secrets.json")).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(root, ".portico/.gitignore"), "utf8")).toBe("*\n");
  expect(statSync(join(root, ".portico")).mode & 0o777).toBe(0o700);
  expect(JSON.parse(readFileSync(join(root, ".portico/secrets.json"), "utf8"))).toMatchObject({ schemaVersion: 1 });
});

test("only missing secrets are generated, and generated ones are reused", async () => {
  const root = appFolder({ "hosting.json": hosting, ".env": "SESSION_KEY=mine" });
  const first = await resolve(root);
  expect(first.generated.map(({ name }) => name)).toEqual(["constructor"]);
  writeFileSync(join(root, ".env"), "SESSION_KEY=");
  const second = await resolve(root);
  expect(second.generated.map(({ name }) => name)).toEqual(["SESSION_KEY"]);
  expect(second.env["constructor"]).toBe(first.env["constructor"]);
});

test("two processes that start at once generate one value", async () => {
  const root = appFolder({ "hosting.json": hosting });
  const [a, b, c] = await Promise.all([resolve(root), resolve(root), resolve(root)]);
  expect(a.env).toEqual(b.env);
  expect(b.env).toEqual(c.env);
  expect([a, b, c].filter(({ generated }) => generated.length > 0)).toHaveLength(1);
});

test("a preview lists the secrets that would be generated, and writes nothing", async () => {
  const root = appFolder({ "hosting.json": hosting, ".env": "SESSION_KEY=mine" });
  const { env, generated } = await resolve(root, { missing: "preview" });
  expect([generated.map(({ name }) => name), env["SESSION_KEY"], env["constructor"]?.length]).toEqual([
    ["constructor"],
    "mine",
    43,
  ]);
  expect(existsSync(join(root, ".portico"))).toBe(false);
});

test("concurrent generations of another secret agree, and leave no temporary file", async () => {
  const root = appFolder({
    "hosting.json": hosting,
    ".portico/secrets.json": '{ "schemaVersion": 1, "secrets": { "SESSION_KEY": "kept" } }',
  });
  const all = await Promise.all(Array.from({ length: 8 }, () => resolve(root)));
  expect(new Set(all.map(({ env }) => env["constructor"])).size).toBe(1);
  expect(all.filter(({ generated }) => generated.length > 0)).toHaveLength(1);
  expect(readdirSync(join(root, ".portico")).toSorted()).toEqual([".gitignore", "secrets.json"]);
});

test("all missing secrets are listed, and none is generated", async () => {
  const root = appFolder({
    "hosting.json": hosting,
    ".portico/secrets.json": JSON.stringify({ schemaVersion: 1, secrets: { SESSION_KEY: "dev only" } }),
  });
  const fix = "Write SESSION_KEY=… constructor=… into .env or .env.dev, or set them in the environment.";
  await expect(resolve(root, { missing: "refuse" })).rejects.toThrow(
    expect.objectContaining({
      code: "SECRET_MISSING",
      message: "the secrets SESSION_KEY, constructor have no value",
      fix,
    }),
  );
  await expect(resolve(root, { missing: "refuse", files: false, processEnv: { SESSION_KEY: "x" } })).rejects.toThrow(
    expect.objectContaining({
      code: "SECRET_MISSING",
      message: "the secret constructor has no value",
      fix: "Set constructor=… in the environment.",
    }),
  );
});

test.each([
  ['{ "schemaVersion": 2, "secrets": {} }', "STATE_NEWER"],
  ['{ "schemaVersion": 1, "secrets": { "SESSION_KEY": 1 } }', "STATE_BROKEN"],
  ['{ "schemaVersion": 1, "secrets": { "SES', "STATE_BROKEN"],
  ["null", "STATE_BROKEN"],
])("a file of secrets like %s is refused and kept", async (text, code) => {
  const root = appFolder({ "hosting.json": hosting, ".portico/secrets.json": text });
  await expect(resolve(root)).rejects.toThrow(expect.objectContaining({ code }));
  expect(readFileSync(join(root, ".portico/secrets.json"), "utf8")).toBe(text);
});

test("an empty secrets file is filled, and its mode restricted", async () => {
  const root = appFolder({ "hosting.json": hosting, ".portico/secrets.json": '{ "schemaVersion": 1, "secrets": {} }' });
  chmodSync(join(root, ".portico/secrets.json"), 0o644);
  expect((await resolve(root)).generated).toHaveLength(2);
  expect(statSync(join(root, ".portico/secrets.json")).mode & 0o777).toBe(0o600);
});

test("a folder named .env is ignored", async () => {
  const root = appFolder({ "hosting.json": hosting, ".env/bin/python": "" });
  expect((await resolve(root)).undeclared).toEqual([]);
});

test("a key of sessions that is too short is refused before any function runs", async () => {
  const keys = JSON.stringify({ name: "app", secrets: ["SESSION_KEYS"] });
  const root = appFolder({ "hosting.json": keys, ".env": `SESSION_KEYS="${"k".repeat(32)} short"` });
  await expect(resolve(root)).rejects.toMatchObject({
    code: "SESSION_KEYS",
    message: "a key of the secret SESSION_KEYS has 5 characters, and sessions need 32",
    fix: expect.stringContaining(".env") as string,
  });
  const processEnv = { SESSION_KEYS: `${"k".repeat(32)} ${"l".repeat(32)}` };
  expect((await resolve(root, { processEnv })).env).toEqual(processEnv);
});
