/** From the record to something that runs: a version of a function in, the LoadedFunction that the runtime takes out. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { LoadedFunction } from "../../model/invocation.ts";
import { functionLog } from "./function-log.ts";
import { isUpdating } from "./lambda/find-function.ts";
import { fingerprint } from "./lambda/publish.ts";
import type { FunctionRecord, FunctionVersion } from "./records.ts";
import type { Region } from "./region.ts";

/** The key of a version's environments in the runtime. */
export function environmentId(name: string, version: FunctionVersion): string {
  return `${name}:${version.version}`;
}

/** The version that answers now: while `$LATEST` is being updated, that is the state before. */
export function servingVersion(record: FunctionRecord, version: FunctionVersion, region: Region): FunctionVersion {
  return version.version === "$LATEST" && record.update && isUpdating(record, region) ? record.update.serving : version;
}

function logging({ LogFormat, ApplicationLogLevel }: Readonly<Record<string, string>> = {}): Pick<
  LoadedFunction,
  "logFormat" | "logLevel"
> {
  if (LogFormat !== "JSON") return { logFormat: "Text" };
  return { logFormat: "JSON", ...(ApplicationLogLevel !== undefined && { logLevel: ApplicationLogLevel }) };
}

/** Its module is the first that Node would take of `HANDLER.mjs`, `.js`, `.cjs`; a missing one fails at init, as in the cloud. */
export function loadedFunction(name: string, version: FunctionVersion, region: Region): LoadedFunction {
  const directory = region.code.folder(version.codeSha256);
  const module = version.handler.slice(0, version.handler.indexOf(".", version.handler.lastIndexOf("/") + 1));
  const main = [".mjs", ".js", ".cjs"].map((ending) => module + ending).find((file) => existsSync(join(directory, file)));
  return {
    id: environmentId(name, version),
    hash: fingerprint(version),
    directory,
    main: main ?? `${module}.mjs`,
    memory: version.memorySize,
    timeout: version.timeout,
    env: version.environment ?? {},
    handler: version.handler,
    ...logging(version.logging),
    log: functionLog(version, region),
  };
}
