/** Describes an app's API by running its code: in workerd without a network, or else in a process of Node. */
import { type ChildProcess, fork } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bundleDescription, converterPackage } from "../bundler/description-module.ts";
import { runIsolated } from "../emulation/workers/isolated-run.ts";
import type { Description, DescriptionError } from "../features/resource/describe.ts";
import { type App, compatibilityFlags } from "../model/app.ts";
import type { Route } from "../model/route.ts";
import { UserError } from "../model/user-error.ts";
import { type OpenApiDocument, toOpenApi } from "./openapi-document.ts";

type DescribedApp = Pick<App, "root" | "name" | "workers" | "templates" | "extensions">;

/**
 * The document of OpenAPI. Throws UserError OPENAPI_FAILED for a route that cannot be described, OPENAPI_SCHEMA for a
 * schema that needs a package to be written as JSON Schema, and BUILD_FAILED.
 */
export async function describeApi(app: DescribedApp, routes: readonly Route[]): Promise<OpenApiDocument> {
  const description = await describe(app, routes);
  const [error] = description.errors;
  if (error) throw toUserError(error);
  return toOpenApi({ title: app.name, version: versionOf(app.root) }, routes, description);
}

/** Routes that workerd cannot load, such as those with native packages, are described by Node. */
async function describe(app: DescribedApp, routes: readonly Route[]): Promise<Description> {
  const inWorkerd = await describeInWorkerd(app, routes).catch((error: unknown) => {
    if (error instanceof UserError && ["MINIFLARE_MISSING", "BUILD_FAILED", "ISOLATED_RUN"].includes(error.code))
      return undefined;
    throw error;
  });
  if (!inWorkerd) return describeInNode(app, routes);
  const failed = new Set(inWorkerd.errors.filter(({ vendor }) => vendor === undefined).map(({ file }) => file));
  if (failed.size === 0) return inWorkerd;
  const inNode = await describeInNode(
    app,
    routes.filter(({ file, middleware }) => [file, ...middleware].some((one) => failed.has(one))),
  );
  const others = inWorkerd.errors.filter(({ file }) => !failed.has(file));
  return {
    files: { ...inWorkerd.files, ...inNode.files },
    middleware: { ...inWorkerd.middleware, ...inNode.middleware },
    errors: [...others, ...inNode.errors],
  };
}

async function describeInWorkerd(app: DescribedApp, routes: readonly Route[]): Promise<Description> {
  const { workers } = app;
  const script = await bundleDescription(app, "workers", routes);
  const flags = compatibilityFlags(workers);
  return JSON.parse(await runIsolated(script, workers.compatibilityDate, flags)) as Description;
}

/** Milliseconds that the code of all files may take. */
const timeout = 60_000;

async function describeInNode(app: DescribedApp, routes: readonly Route[]): Promise<Description> {
  const { root } = app;
  const script = await bundleDescription(app, "node", routes);
  // Inside of the app, so that packages that are not bundled are found, and where nothing is watched.
  await mkdir(join(root, ".portico"), { recursive: true });
  const folder = await mkdtemp(join(root, ".portico", "openapi-"));
  try {
    const file = join(folder, "description.mjs");
    await writeFile(file, script);
    return await receiveFrom(fork(file, { cwd: root, execArgv: [], silent: true, timeout }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The message that the process sends; it may stay alive by timers of the app, and so is ended. */
async function receiveFrom(child: ChildProcess): Promise<Description> {
  let printed = "";
  child.stdout?.resume();
  child.stderr?.on("data", (part: Buffer) => (printed += part.toString()));
  const received = new Promise<Description>((done, fail) => {
    child.once("message", (message) => done(message as Description));
    child.once("error", fail);
    child.once("exit", () => fail(child.killed ? tookTooLong() : endedEarly(printed.trim())));
  });
  return received.finally(() => child.kill("SIGKILL"));
}

const tookTooLong = (): UserError =>
  new UserError(
    "OPENAPI_FAILED",
    `the app's code did not load within ${timeout / 1000} seconds`,
    "Move what waits or loops at the top of a file into handlers.",
  );

const endedEarly = (printed: string): UserError =>
  new UserError(
    "OPENAPI_FAILED",
    `the app's code ended early${printed === "" ? "" : `:\n${printed}`}`,
    printed === "" ? "Move what ends the process into handlers." : "Mend what it prints.",
  );

function toUserError({ file, message, vendor }: DescriptionError): UserError {
  if (vendor === undefined)
    return new UserError(
      "OPENAPI_FAILED",
      `${file} cannot be described: ${message}`,
      "Write the schema in another way; where the file itself throws, move what needs env or a network into handlers.",
      { at: { file } },
    );
  const name = converterPackage(vendor);
  const fix = name
    ? `Run npm install --save-dev ${name}`
    : "Use schemas of a library that has Standard JSON Schema, such as zod, arktype or valibot.";
  return new UserError("OPENAPI_SCHEMA", `${file}: ${message}, which does not say what it is as JSON Schema`, fix, {
    at: { file },
  });
}

/** Of the app's package.json. */
function versionOf(root: string): string {
  const file = join(root, "package.json");
  if (!existsSync(file)) return "0.0.0";
  try {
    return (JSON.parse(readFileSync(file, "utf8")) as { version?: string }).version ?? "0.0.0";
  } catch (cause) {
    throw new UserError("OPENAPI_FAILED", `package.json cannot be read: ${String(cause)}`, "Correct it.", {
      at: { file: "package.json" },
      cause,
    });
  }
}
