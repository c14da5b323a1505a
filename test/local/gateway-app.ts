/** An app in a folder of its own behind a gateway: files in, a way to send raw requests and everything that was told out. */
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createDevBuilder } from "../../framework/build/dev-builder.ts";
import { functionId } from "../../framework/build/group.ts";
import type { AccessRecord } from "../../framework/local/access-log.ts";
import type { Emulator } from "../../framework/local/emulator.ts";
import { createGateway, type FailureReport, type Gateway } from "../../framework/local/gateway.ts";
import { createNodeEmulator } from "../../framework/local/node/emulator.ts";
import type { LogLine } from "../../framework/model/invocation.ts";
import type { Target } from "../../framework/model/target.ts";
import { discoverAssets } from "../../framework/routes/assets.ts";
import { contentType } from "../../framework/routes/content-type.ts";
import { discover } from "../../framework/routes/discover.ts";
import { plainApp } from "../config/plain-app.ts";

/** What came back, read whole. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** How to send: `path` goes out as it is. */
export interface Sending {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Uint8Array;
}

/** Sends one request to 127.0.0.1 without normalising anything. */
export function send(port: number, path: string, { method = "GET", headers = {}, body }: Sending = {}): Promise<Reply> {
  return new Promise((done, fail) => {
    const message = httpRequest({ port, host: "127.0.0.1", path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        done({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString() }),
      );
      response.on("error", fail);
    });
    message.on("error", fail);
    message.end(body);
  });
}

/** A JSON object that is only compared. */
export const parse = (text: string): Readonly<Record<string, unknown>> => JSON.parse(text) as Record<string, unknown>;

/** Writes files below a folder. */
export async function writeFiles(root: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
}

/** A folder with these files. */
export async function makeFolder(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "portico-gateway-")));
  await writeFiles(root, files);
  return root;
}

/** A running gateway and what it told. */
export interface Running extends AsyncDisposable {
  readonly root: string;
  readonly gateway: Gateway;
  readonly access: AccessRecord[];
  readonly failures: FailureReport[];
  readonly errors: unknown[];
  readonly logs: LogLine[];
  get(path: string, sending?: Sending): Promise<Reply>;
  /** As the watcher would: looks for routes and assets again. */
  refresh(changed?: readonly string[]): Promise<void>;
}

/** @param setup `folder` serves the root itself; `emulator` takes the node emulation's place, so that a front can be seen alone */
export async function run(
  files: Readonly<Record<string, string>>,
  setup: {
    readonly target?: Target;
    readonly folder?: boolean;
    /** Serves this folder, which is somebody else's to remove. */
    readonly root?: string;
    readonly emulator?: Emulator;
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): Promise<Running> {
  const { target = "node", folder = false, env = {} } = setup;
  const root = setup.root ?? (await makeFolder(files));
  const app = plainApp(root, { targets: ["node"], env });
  const builder = createDevBuilder({ app, target: "node", out: join(root, ".portico", "dev"), env });
  const told = { access: [] as AccessRecord[], failures: [] as FailureReport[], errors: [] as unknown[], logs: [] as LogLine[] };
  const emulator = setup.emulator ?? createNodeEmulator({ onLog: (line) => told.logs.push(line) });
  const gateway = await createGateway({
    ...{ port: 0, target, root, emulator, source: builder },
    ...(folder && { folder: contentType }),
    onAccess: (record) => told.access.push(record),
    onFailure: (report) => told.failures.push(report),
    onError: (error) => told.errors.push(error),
  });
  const refresh = async (changed: readonly string[] = []): Promise<void> => {
    const routes = (await discover(root)).map((route) => ({ ...route, function: functionId(app.group, target, route) }));
    builder.setRoutes(routes);
    builder.changed(changed.map((name) => join(root, name)));
    gateway.update({ routes, assets: folder ? [] : await discoverAssets(root, app.assets, app) });
  };
  await refresh();
  return {
    ...{ root, gateway, ...told, refresh },
    get: (path, sending) => send(gateway.port, path, sending),
    [Symbol.asyncDispose]: async () => {
      await gateway.close();
      await emulator.close();
      await builder.close();
      if (setup.root === undefined) await rm(root, { recursive: true, force: true });
    },
  };
}
