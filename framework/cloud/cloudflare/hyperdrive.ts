/**
 * Operations on configurations of Hyperdrive, which name a database with its user and password (API reference,
 * "Hyperdrive"). The password can be written and never read.
 */
import { randomUUID } from "node:crypto";
import type { DatabaseOrigin, OriginFailure } from "../../emulation/postgres/origin-check.ts";
import type { StructureReader } from "../structure-reader.ts";
import type { ApiCall } from "./api-call.ts";
import { CloudflareError, unsupported } from "./cloudflare-error.ts";
import { bodyMembers } from "./json-body.ts";
import { type Operation, type OperationTable, reads, writes } from "./operation.ts";
import type { HyperdriveRecord } from "./records.ts";
import { type CloudflareState, timestamp } from "./state.ts";

/** A configuration as the API shows it. */
const configJson = ({ id, name, origin, caching, created, modified }: HyperdriveRecord) => {
  const { password: _, ...shown } = origin;
  return { id, name, origin: shown, caching, created_on: created, modified_on: modified };
};

/** The code for input that the API does not take. Its documentation has none: this one is the emulation's own. */
const invalidInput = 2001;

/** Errors of the connection that Hyperdrive tries before it keeps a configuration (docs: "Troubleshoot and debug"). */
const failures: Readonly<Record<OriginFailure, readonly [code: number, message: string]>> = {
  hostname: [2008, "Bad hostname."],
  unreachable: [2010, "Cannot connect to the host:port."],
  refused: [2011, "Connection refused."],
  credentials: [2013, "Invalid database credentials."],
  database: [2014, "The specified database name does not exist."],
  other: [2015, "Generic error."],
};

function findConfig(call: ApiCall, { hyperdrives }: Pick<CloudflareState, "hyperdrives">): HyperdriveRecord {
  const found = hyperdrives.get(call.path["config"] ?? "");
  if (!found) throw new CloudflareError(invalidInput, 404, "The Hyperdrive config was not found.");
  return found;
}

/** @param before whose members a PATCH may leave out */
function readConfig(call: ApiCall, before?: HyperdriveRecord): Pick<HyperdriveRecord, "name" | "origin" | "caching"> {
  const members = bodyMembers(call, invalidInput);
  if (members.has("mtls")) throw unsupported("certificates of Hyperdrive");
  members.integer("origin_connection_limit", 5, 100);
  const name = members.text("name", { min: 1, max: 255 }) ?? before?.name;
  const origin = readOrigin(members.structure("origin"), before?.origin);
  const caching = readCaching(members.structure("caching")) ?? before?.caching ?? { disabled: false };
  members.end();
  if (name === undefined) throw new CloudflareError(invalidInput, 400, "name is required.");
  return { name, origin, caching };
}

function readOrigin(members: StructureReader | undefined, before?: DatabaseOrigin): DatabaseOrigin {
  if (!members && before) return before;
  if (!members) throw new CloudflareError(invalidInput, 400, "origin is required.");
  if (members.has("access_client_id")) throw unsupported("databases behind Cloudflare Access");
  const scheme = members.text("scheme", { oneOf: ["postgres", "postgresql", "mysql"] }) ?? before?.scheme;
  if (scheme === "mysql") throw unsupported("Hyperdrive for MySQL");
  const read = (name: "host" | "database" | "user" | "password"): string => {
    const value = members.text(name, { min: 1 }) ?? before?.[name];
    if (value === undefined) throw new CloudflareError(invalidInput, 400, `origin.${name} is required.`);
    return value;
  };
  const origin = {
    scheme: scheme ?? "postgres",
    host: read("host"),
    port: members.integer("port", 1, 65_535) ?? before?.port ?? 5432,
    database: read("database"),
    user: read("user"),
    password: read("password"),
  };
  members.end();
  return origin;
}

/** Answers to reads are cached for 60 s, and for 15 s more while they are read anew, unless that is turned off. */
function readCaching(members: StructureReader | undefined): HyperdriveRecord["caching"] | undefined {
  if (!members) return undefined;
  const disabled = members.flag("disabled") ?? false;
  members.integer("max_age", 0, 3600);
  members.integer("stale_while_revalidate", 0, 3600);
  members.end();
  return { disabled };
}

type Change = Operation<"hyperdrives", "clock" | "plan" | "checkOrigin">;

const createConfig: Change = async (call, { hyperdrives }, { clock, plan, checkOrigin }) => {
  const config = readConfig(call);
  requireFreeName(config.name, hyperdrives.all());
  if (hyperdrives.all().length >= plan.hyperdrives)
    throw new CloudflareError(invalidInput, 400, `An account may have ${plan.hyperdrives} Hyperdrive configs.`);
  await requireOrigin(config.origin, checkOrigin);
  const id = randomUUID().replaceAll("-", "");
  const [created, modified] = [timestamp(clock), timestamp(clock)];
  return { result: configJson(hyperdrives.put(id, { id, ...config, created, modified })) };
};

const changeConfig =
  (isPatch: boolean): Change =>
  async (call, { hyperdrives }, { clock, checkOrigin }) => {
    const found = findConfig(call, { hyperdrives });
    const config = readConfig(call, isPatch ? found : undefined);
    requireFreeName(
      config.name,
      hyperdrives.all().filter(({ id }) => id !== found.id),
    );
    await requireOrigin(config.origin, checkOrigin);
    return { result: configJson(hyperdrives.put(found.id, { ...found, ...config, modified: timestamp(clock) })) };
  };

function requireFreeName(name: string, all: readonly HyperdriveRecord[]): void {
  if (all.some((one) => one.name === name))
    throw new CloudflareError(invalidInput, 400, `A Hyperdrive config with the name ${name} already exists.`);
}

async function requireOrigin(
  origin: DatabaseOrigin,
  check: (origin: DatabaseOrigin) => Promise<OriginFailure | undefined>,
): Promise<void> {
  const failure = await check(origin);
  if (!failure) return;
  const [code, message] = failures[failure];
  throw new CloudflareError(code, 400, message);
}

/** Versions that are bound to it stay as they are, and fail at their next request. */
const deleteConfig: Operation<"hyperdrives"> = (call, { hyperdrives }) => {
  hyperdrives.remove(findConfig(call, { hyperdrives }).id);
  return { result: null };
};

const path = "/accounts/{account}/hyperdrive/configs";

export const hyperdriveOperations: OperationTable = {
  createHyperdrive: writes(`POST ${path}`, createConfig),
  listHyperdrives: reads(`GET ${path}`, (_, { hyperdrives }) => ({ result: hyperdrives.all().map(configJson) })),
  getHyperdrive: reads(`GET ${path}/{config}`, (call, state) => ({ result: configJson(findConfig(call, state)) })),
  replaceHyperdrive: writes(`PUT ${path}/{config}`, changeConfig(false)),
  patchHyperdrive: writes(`PATCH ${path}/{config}`, changeConfig(true)),
  deleteHyperdrive: writes(`DELETE ${path}/{config}`, deleteConfig),
};
