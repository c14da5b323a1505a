/** Turns a version of a function into the LoadedFunction that the runtime takes: folder, module, settings, log. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { credentialVariables, issueSession } from "../../../emulation/aws/session-credentials.ts";
import type { LoadedFunction } from "../../../model/invocation.ts";
import type { FunctionVersion } from "../records.ts";
import type { CodeStore } from "./code-store.ts";
import { fingerprint } from "./function-version.ts";

/** The key of a version's environments in the runtime. */
export function environmentId(name: string, version: FunctionVersion): string {
  return `${name}:${version.version}`;
}

function logging({ LogFormat, ApplicationLogLevel }: Readonly<Record<string, string>> = {}): Pick<
  LoadedFunction,
  "logFormat" | "logLevel"
> {
  if (LogFormat !== "JSON") return { logFormat: "Text" };
  return { logFormat: "JSON", ...(ApplicationLogLevel !== undefined && { logLevel: ApplicationLogLevel }) };
}

/** What the cloud gives a function besides its code and settings. */
export interface FunctionSurroundings {
  readonly code: CodeStore;
  readonly log: NonNullable<LoadedFunction["log"]>;
  /** The secret that seals the credentials of functions. */
  readonly secret: string;
  /** URL of the control port. */
  readonly controlUrl: string;
}

/**
 * The module is the first existing file of `HANDLER.mjs`, `.js`, `.cjs`, as in the cloud; a missing one fails at init.
 */
export function loadedFunction(
  name: string,
  version: FunctionVersion,
  { code, log, secret, controlUrl }: FunctionSurroundings,
): LoadedFunction {
  const role = version.role.slice(version.role.lastIndexOf("/") + 1);
  const directory = code.folder(version.codeSha256);
  const module = version.handler.slice(0, version.handler.indexOf(".", version.handler.lastIndexOf("/") + 1));
  const main = [".mjs", ".js", ".cjs"]
    .map((extension) => module + extension)
    .find((file) => existsSync(join(directory, file)));
  return {
    id: environmentId(name, version),
    hash: fingerprint(version),
    directory,
    main: main ?? `${module}.mjs`,
    memory: version.memorySize,
    timeout: version.timeout,
    env: version.environment ?? {},
    cloudEnv: {
      ...credentialVariables(issueSession(secret, { role, session: name })),
      AWS_ENDPOINT_URL_DYNAMODB: controlUrl,
      AWS_ENDPOINT_URL_S3: controlUrl,
      AWS_ENDPOINT_URL_SQS: controlUrl,
    },
    handler: version.handler,
    ...logging(version.logging),
    log,
  };
}
