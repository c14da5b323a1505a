/** Hyperdrive of the local Cloudflare: configurations over the API, and a Worker that reaches its database. */
// @module-tag check
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type LocalPostgres, startLocalPostgres } from "../../../framework/emulation/postgres/local-postgres.ts";
import { root } from "../../architecture/sources.ts";
import { type CloudflareLab, deployWorker, openCloudflareLab, upload, valueAt } from "./cloudflare-lab.ts";

let lab: CloudflareLab;
let postgres: LocalPostgres;
const folder = mkdtempSync(join(tmpdir(), "portico-hyperdrive-"));
beforeAll(async () => {
  lab = await openCloudflareLab();
  // As below an app that uses a database.
  mkdirSync(join(lab.folder, "node_modules"));
  symlinkSync(join(root, "node_modules/pg"), join(lab.folder, "node_modules/pg"));
  postgres = await startLocalPostgres({ folder, packageFolder: root, durable: false });
});
afterAll(async () => {
  await lab.close();
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
});

const path = "/hyperdrive/configs";

function originOf(change: object = {}) {
  const { hostname, port, username, password } = new URL(postgres.url("postgres"));
  const user = { user: decodeURIComponent(username), password: decodeURIComponent(password) };
  return { scheme: "postgres", host: hostname, port: Number(port), database: "postgres", ...user, ...change };
}

const create = (name: string, change?: object) =>
  lab.call("POST", path, { name, origin: originOf(change), caching: { disabled: true } });

it("keeps a configuration whose password nobody can read, and changes and deletes it", async () => {
  const made = await create("app--dev--db--v1");
  const { password, ...shown } = originOf();
  expect(made).toMatchObject({
    status: 200,
    result: { name: "app--dev--db--v1", origin: shown, caching: { disabled: true } },
  });
  const id = String(valueAt(made.result, "id"));
  expect(id).toMatch(/^[0-9a-f]{32}$/);
  const patched = await lab.call("PATCH", `${path}/${id}`, { name: "renamed" });
  expect(patched.result).toMatchObject({ id, name: "renamed", origin: shown, caching: { disabled: true } });
  const { result, text } = await lab.call("GET", path);
  expect(result).toMatchObject([{ id, name: "renamed" }]);
  for (const answer of [made, patched, { text }]) expect(answer.text).not.toContain(password);
  expect((await lab.call("PUT", `${path}/${id}`, { name: "renamed" })).status).toBe(400);
  expect((await create("renamed")).message).toContain("already exists");
  expect((await lab.call("DELETE", `${path}/${id}`)).status).toBe(200);
  expect((await lab.call("GET", `${path}/${id}`)).status).toBe(404);
});

it("connects before it keeps one, with the codes of the documentation", async () => {
  const codeOf = async (change: object) => (await create("wrong", change)).code;
  expect(await codeOf({ host: "no-such-host.invalid" })).toBe(2008);
  expect(await codeOf({ port: 1 })).toBe(2011);
  expect(await codeOf({ password: "wrong" })).toBe(2013);
  expect(await codeOf({ database: "missing" })).toBe(2014);
  expect((await lab.call("GET", path)).result).toEqual([]);
});

it("refuses what it does not have, and what the API refuses", async () => {
  const codes = await Promise.all(
    [
      { name: "a" },
      { origin: originOf() },
      { name: "a", origin: { ...originOf(), password: undefined } },
      { name: "a", origin: originOf(), mtls: {} },
      { name: "a", origin: { ...originOf(), scheme: "mysql" } },
      { name: "a", origin: originOf(), unknown: 1 },
    ].map(async (body) => (await lab.call("POST", path, body)).status),
  );
  expect(codes.every((status) => status >= 400)).toBe(true);
});

it("lets a Worker reach the database by its binding, also after a restart", async () => {
  const id = String(valueAt((await create("bound")).result, "id"));
  // SSLRequest, to which Postgres answers N without TLS (PostgreSQL documentation, "SSL Session Encryption").
  const code = `export default { async fetch(_, { DB }) {
    const socket = DB.connect();
    const writer = socket.writable.getWriter();
    await writer.write(new Uint8Array([0, 0, 0, 8, 4, 210, 22, 47]));
    const { value } = await socket.readable.getReader().read();
    const { pathname } = new URL(DB.connectionString);
    const { user, database } = DB;
    return Response.json({ answer: String.fromCharCode(value[0]), pathname, user, database });
  } }`;
  const bindings = [{ type: "hyperdrive", name: "DB", id }];
  await deployWorker(lab, "reader", code, { bindings });
  const answer = { answer: "N", pathname: "/postgres", user: originOf().user, database: "postgres" };
  expect(await (await lab.ask("reader")).json()).toMatchObject(answer);
  await lab.restart();
  expect(await (await lab.ask("reader")).json()).toMatchObject(answer);
  const none = upload(code, { bindings: [{ ...bindings[0], id: "0".repeat(32) }] });
  expect((await lab.call("PUT", "/workers/scripts/reader", none)).status).toBe(400);
});

it("keeps passwords where only this user reads them", () => {
  const names = readdirSync(lab.folder, { recursive: true, encoding: "utf8" });
  const files = names.filter((name) => /state\/hyperdrives\/.+/.test(name));
  expect(files.length).toBeGreaterThan(0);
  for (const name of files) expect(statSync(join(lab.folder, name)).mode & 0o077).toBe(0);
});
