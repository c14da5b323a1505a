/** A dev gateway over an app of given files, for tests: it sends raw requests and collects what the gateway reports. */
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createDevBuilder } from "../../framework/bundler/dev-builder.ts";
import { functionId } from "../../framework/bundler/function-groups.ts";
import type { AccessRecord } from "../../framework/http/access-log.ts";
import type { Emulator } from "../../framework/emulation/emulator.ts";
import { createGateway, type FailureReport, type Gateway } from "../../framework/dev/gateway.ts";
import { createNodeEmulator } from "../../framework/emulation/node/emulator.ts";
import type { LogLine } from "../../framework/model/invocation.ts";
import type { Target } from "../../framework/model/target.ts";
import { discoverAssets } from "../../framework/routes/static-files.ts";
import { contentType } from "../../framework/routes/content-type.ts";
import { discoverRoutes } from "../../framework/routes/route-discovery.ts";
import { defaultApp } from "../config/default-app.ts";

/** A complete response. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** The parts of a request besides its path. */
export interface RequestParts {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Uint8Array;
}

/** Sends one request to 127.0.0.1 without normalising its path. */
export function send(
  port: number,
  path: string,
  { method = "GET", headers = {}, body }: RequestParts = {},
): Promise<Reply> {
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

/** Parses a JSON object that a test only compares. */
export const parse = (text: string): Readonly<Record<string, unknown>> => JSON.parse(text) as Record<string, unknown>;

/** Writes files below a folder. */
export async function writeFiles(root: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
}

/** Creates a folder with these files. */
export async function makeFolder(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "portico-gateway-")));
  await writeFiles(root, files);
  return root;
}

/** A running gateway and its reports. */
export interface Running extends AsyncDisposable {
  readonly root: string;
  readonly gateway: Gateway;
  readonly access: AccessRecord[];
  readonly failures: FailureReport[];
  readonly errors: unknown[];
  readonly logs: LogLine[];
  get(path: string, parts?: RequestParts): Promise<Reply>;
  /** Discovers routes and assets again, as after a file change. */
  refresh(changed?: readonly string[]): Promise<void>;
}

/**
 * Starts a gateway over these files.
 * @param setup `directory` serves the root itself; `emulator` replaces the node emulation, so that a test sees a front
 * alone
 */
export async function run(
  files: Readonly<Record<string, string>>,
  setup: {
    readonly target?: Target;
    readonly directory?: boolean;
    /** Serves this existing folder, and does not remove it. */
    readonly root?: string;
    readonly emulator?: Emulator;
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): Promise<Running> {
  const { target = "node", directory = false, env = {} } = setup;
  const root = setup.root ?? (await makeFolder(files));
  const app = defaultApp(root, { targets: ["node"], env });
  const builder = createDevBuilder({ app, target: "node", out: join(root, ".portico", "dev"), env });
  const reports = {
    access: [] as AccessRecord[],
    failures: [] as FailureReport[],
    errors: [] as unknown[],
    logs: [] as LogLine[],
  };
  const emulator = setup.emulator ?? createNodeEmulator({ onLog: (line) => reports.logs.push(line) });
  const gateway = await createGateway({
    port: 0,
    target,
    root,
    emulator,
    source: builder,
    ...(directory && { directory: contentType }),
    onAccess: (record) => reports.access.push(record),
    onFailure: (report) => reports.failures.push(report),
    onError: (error) => reports.errors.push(error),
  });
  const refresh = async (changed: readonly string[] = []): Promise<void> => {
    const routes = (await discoverRoutes(root)).map((route) => ({
      ...route,
      function: functionId(app.group, target, route),
    }));
    builder.setRoutes(routes);
    builder.changed(changed.map((name) => join(root, name)));
    gateway.update({ routes, assets: directory ? [] : await discoverAssets(root, app.assets, app) });
  };
  await refresh();
  return {
    root,
    gateway,
    ...reports,
    refresh,
    get: (path, parts) => send(gateway.port, path, parts),
    [Symbol.asyncDispose]: async () => {
      await gateway.close();
      await emulator.close();
      await builder.close();
      if (setup.root === undefined) await rm(root, { recursive: true, force: true });
    },
  };
}
