/** Env and secrets on this machine. */
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { resolveEnv, type EnvOptions, type ResolvedEnv } from "../../framework/config/env.ts";
import { loadApp } from "../../framework/config/load.ts";
import { appFolder } from "../routes/app-folder.ts";

const hosting = JSON.stringify({ name: "app", env: { GREETING: "hello", toString: "x" }, secrets: ["SESSION_KEY", "constructor"] });
const dev: EnvOptions = { files: true, makeSecrets: true, processEnv: {} };

async function resolve(root: string, options: Partial<EnvOptions> = {}, stage = "dev"): Promise<ResolvedEnv> {
  return resolveEnv(await loadApp({ root, stage }), { ...dev, ...options });
}

test("files override declared env, the stage's file first; undeclared names are only told", async () => {
  const root = appFolder({
    "hosting.json": hosting,
    ".env": 'GREETING="from env"\nSESSION_KEY=one\nconstructor=c\nOTHER=1\nNODE_ENV=x',
    ".env.dev": "export GREETING='안녕 #1'\nEXTRA=2",
  });
  expect(await resolve(root)).toEqual({
    env: { GREETING: "안녕 #1", toString: "x", SESSION_KEY: "one", constructor: "c" },
    made: [],
    undeclared: ["EXTRA", "NODE_ENV", "OTHER"],
  });
  expect((await resolve(root, {}, "local")).env["GREETING"]).toBe("from env");
  expect(existsSync(join(root, ".portico"))).toBe(false);
});

test("the process beats the files for secrets, and is not read for env", async () => {
  const root = appFolder({ "hosting.json": hosting, ".env": "SESSION_KEY=file\nconstructor=c" });
  expect((await resolve(root, { processEnv: { SESSION_KEY: "process", GREETING: "no" } })).env).toMatchObject({
    SESSION_KEY: "process",
    GREETING: "hello",
  });
});

test("without files none is read", async () => {
  const root = appFolder({ "hosting.json": hosting, ".env": "SESSION_KEY=file\nGREETING=file" });
  const given = { SESSION_KEY: "s", constructor: "c" };
  expect(await resolve(root, { files: false, makeSecrets: false, processEnv: given })).toEqual({
    env: { GREETING: "hello", toString: "x", ...given },
    made: [],
    undeclared: [],
  });
});

test("missing secrets are made once, shared by dev and local, and readable for this user only", async () => {
  const root = appFolder({ "hosting.json": hosting });
  mkdirSync(join(root, ".portico"), { mode: 0o755 });
  const first = await resolve(root);
  expect(first.made.map(({ name }) => name)).toEqual(["SESSION_KEY", "constructor"]);
  for (const { name, value } of first.made) {
    expect(value).toMatch(/^[A-Za-z0-9_-]{32,}$/);
    expect(first.env[name]).toBe(value);
  }
  const again = await resolve(root, {}, "local");
  expect(again).toEqual({ ...first, made: [] });
  expect(statSync(join(root, ".portico/secrets.json")).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(root, ".portico/.gitignore"), "utf8")).toBe("*\n");
  expect(statSync(join(root, ".portico")).mode & 0o777).toBe(0o700);
  expect(JSON.parse(readFileSync(join(root, ".portico/secrets.json"), "utf8"))).toMatchObject({ schemaVersion: 1 });
});

test("only what is missing is made, and what was made is kept", async () => {
  const root = appFolder({ "hosting.json": hosting, ".env": "SESSION_KEY=mine" });
  const first = await resolve(root);
  expect(first.made.map(({ name }) => name)).toEqual(["constructor"]);
  writeFileSync(join(root, ".env"), "SESSION_KEY=");
  const second = await resolve(root);
  expect(second.made.map(({ name }) => name)).toEqual(["SESSION_KEY"]);
  expect(second.env["constructor"]).toBe(first.env["constructor"]);
});

test("two processes that start at once agree", async () => {
  const root = appFolder({ "hosting.json": hosting });
  const [a, b, c] = await Promise.all([resolve(root), resolve(root), resolve(root)]);
  expect(a.env).toEqual(b.env);
  expect(b.env).toEqual(c.env);
  expect([a, b, c].filter(({ made }) => made.length > 0)).toHaveLength(1);
});

test("a missing secret is named with all others, and nothing is made", async () => {
  const root = appFolder({
    "hosting.json": hosting,
    ".portico/secrets.json": JSON.stringify({ schemaVersion: 1, secrets: { SESSION_KEY: "dev only" } }),
  });
  const fix = "Write SESSION_KEY=… constructor=… into .env or .env.dev, or set them in the environment.";
  await expect(resolve(root, { makeSecrets: false })).rejects.toThrow(
    expect.objectContaining({ code: "SECRET_MISSING", message: "the secrets SESSION_KEY, constructor have no value", fix }),
  );
  await expect(resolve(root, { makeSecrets: false, files: false, processEnv: { SESSION_KEY: "x" } })).rejects.toThrow(
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

test("an empty file of secrets is filled, with its mode made safe", async () => {
  const root = appFolder({ "hosting.json": hosting, ".portico/secrets.json": '{ "schemaVersion": 1, "secrets": {} }' });
  chmodSync(join(root, ".portico/secrets.json"), 0o644);
  expect((await resolve(root)).made).toHaveLength(2);
  expect(statSync(join(root, ".portico/secrets.json")).mode & 0o777).toBe(0o600);
});

test("a folder named .env is no env file", async () => {
  const root = appFolder({ "hosting.json": hosting, ".env/bin/python": "" });
  expect((await resolve(root)).undeclared).toEqual([]);
});
