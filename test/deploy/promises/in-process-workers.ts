/** Versions of Workers that run in this process, for suites that start thousands: workerd is held to elsewhere. */
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { dirname, join } from "node:path";
import type { Storage } from "../../../framework/emulation/workers/miniflare-storage.ts";
import type { UploadCheck } from "../../../framework/emulation/workers/upload-check.ts";
import type {
  RunningVersion,
  VersionModule,
  VersionOptions,
} from "../../../framework/emulation/workers/miniflare-version.ts";

interface Statement {
  readonly sql: string;
  readonly params: readonly SQLInputValue[];
}

interface WorkerModule {
  readonly default?: Readonly<Record<string, unknown>>;
}

type Fetch = (request: Request, env: object, context: object) => Promise<Response> | Response;

/** Not this file's own import(), which vitest looks through. */
const importNative = createRequire(import.meta.url)("./import-native.cjs") as (url: string) => Promise<WorkerModule>;

/** Where the modules of all versions are, each below a folder of its own. */
let folder: string | undefined;

/** What a Worker's modules change, as each isolate of workerd has its own. */
const webClasses = { fetch, Request, Response, Headers };

async function load(modules: readonly VersionModule[]): Promise<WorkerModule> {
  folder ??= newFolder();
  const own = join(folder, randomUUID());
  for (const { name, contents } of modules) {
    mkdirSync(dirname(join(own, name)), { recursive: true });
    writeFileSync(join(own, name), contents);
  }
  try {
    return await importNative(`file://${join(own, modules[0]!.name)}`);
  } finally {
    Object.assign(globalThis, webClasses);
  }
}

function newFolder(): string {
  const made = mkdtempSync(join(tmpdir(), "portico-in-process-workers-"));
  writeFileSync(join(made, "package.json"), `{"type":"module"}`);
  process.once("exit", () => rmSync(made, { recursive: true, force: true }));
  return made;
}

const handlersOf = (value: unknown): readonly string[] =>
  typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([name, one]) => (typeof one === "function" ? [name] : []))
    : [];

/** Imports what is uploaded, to see its handlers or its error. */
const checkInProcess: UploadCheck = {
  async check({ main, modules }) {
    try {
      const first = modules.toSorted((one, other) => Number(other.name === main) - Number(one.name === main));
      const found = await load(first);
      const named = Object.entries(found).flatMap(([name, value]) =>
        name === "default" ? [] : [{ name, handlers: handlersOf(value) }],
      );
      return { hasDefault: found.default !== undefined, handlers: handlersOf(found.default), named, startupMs: 1 };
    } catch (error) {
      return { error: String(error) };
    }
  },
  close: () => Promise.resolve(),
};

/** Runs a version with its static files, its values, and none of its other bindings. */
async function startVersion(options: VersionOptions): Promise<RunningVersion> {
  const { modules, files, values } = options;
  const worker = modules.length > 0 ? (await load(modules)).default : undefined;
  const env = { ...values, ...(files?.binding !== undefined && { [files.binding]: { fetch: assetOf } }) };
  const context = { waitUntil: () => undefined, passThroughOnException: () => undefined };
  function assetOf(request: Request): Response {
    const path = decodeURIComponent(new URL(request.url).pathname);
    const file = files && join(files.directory, path);
    const isFile = file !== undefined && !path.endsWith("/") && !/^\/_(?:headers|redirects)$/.test(path);
    return isFile && existsSync(file) ? new Response(readFileSync(file)) : new Response(null, { status: 404 });
  }
  const answer = async (request: Request): Promise<Response> => {
    const asset = assetOf(request.clone());
    if (asset.status === 200 || !worker) return asset;
    return (worker["fetch"] as Fetch)(request, env, context);
  };
  const server = createServer((message, response) => {
    toRequest(message)
      .then(answer)
      .then(async ({ status, headers, body }) => {
        response.writeHead(status, [...headers].flat());
        for await (const part of body ?? []) response.write(part);
        response.end();
      })
      // As a Worker that throws: its edge has no answer of it.
      .catch(() => response.destroy());
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const call = (name: string, event: object): unknown =>
    (worker?.[name] as ((...values: readonly unknown[]) => unknown) | undefined)?.(event, env, context);
  return {
    port: (server.address() as AddressInfo).port,
    enter: () => () => undefined,
    exceededCpu: () => false,
    async scheduled(cron, scheduledTime) {
      await call("scheduled", { cron, scheduledTime });
      return { outcome: "ok" };
    },
    queue: () => Promise.reject(new Error("no message is sent in these suites")),
    async close() {
      server.closeAllConnections();
      if (server.listening) await new Promise((done) => server.close(done));
    },
  };
}

/** D1 databases and the keys of R2 buckets as files of node:sqlite, open for one request each. */
async function startStorage(storage: string): Promise<Storage> {
  mkdirSync(storage, { recursive: true });
  return {
    address: "",
    url: (kind, id) => new URL(`http://in-process/${kind}/${id}`),
    async send(kind, id, request) {
      const database = new DatabaseSync(join(storage, `${kind}-${id}.sqlite`));
      try {
        if (kind === "d1") return Response.json(runStatements(database, JSON.parse(String(request.body)) as []));
        return Response.json(callBucket(database, request));
      } catch (error) {
        return Response.json({ error: String(error) }, { status: 500 });
      } finally {
        database.close();
      }
    },
    close: () => Promise.resolve(),
  };
}

function runStatements(database: DatabaseSync, statements: readonly Statement[]): readonly object[] {
  database.exec("BEGIN");
  const results = statements.map(({ sql, params }) => database.prepare(sql).all(...params));
  database.exec("COMMIT");
  return results.map((rows) => ({ success: true, results: rows, meta: {} }));
}

/** Puts, deletes and lists, as the deployer does. */
function callBucket(database: DatabaseSync, { body, headers = {} }: Parameters<Storage["send"]>[2]): object {
  database.exec("CREATE TABLE IF NOT EXISTS keys (name TEXT PRIMARY KEY)");
  const head = Buffer.from(body ?? "").toString("utf8", 0, Number(headers["cf-r2-metadata-size"] ?? 0));
  const { method, object = "" } = JSON.parse(headers["cf-r2-request"] ?? head) as { method: string; object?: string };
  if (method === "put") database.prepare("INSERT OR REPLACE INTO keys VALUES (?)").run(object);
  else if (method === "delete") database.prepare("DELETE FROM keys WHERE name = ?").run(object);
  else if (method !== "list") throw new Error(`no ${method} in these suites`);
  const names = database.prepare("SELECT name FROM keys ORDER BY name").all();
  return { objects: names.map(({ name }) => ({ name, etag: "", size: 0, uploaded: 0 })), truncated: false };
}

/** The local Cloudflare without workerd. */
export const inProcess = { startVersion, startStorage, uploadCheck: checkInProcess };

/** The request of a proxy's socket, with an absolute URL. */
async function toRequest(message: IncomingMessage): Promise<Request> {
  const parts: Buffer[] = [];
  for await (const part of message) parts.push(part as Buffer);
  const url = new URL(message.url ?? "/", `http://${message.headers.host ?? "127.0.0.1"}`);
  const headers = Object.entries(message.headersDistinct).flatMap(([name, all = []]) =>
    all.map((value): [string, string] => [name, value]),
  );
  const method = message.method ?? "GET";
  return new Request(url, { method, headers, ...(parts.length > 0 && { body: Buffer.concat(parts) }) });
}
