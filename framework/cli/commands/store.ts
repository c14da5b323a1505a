/** `portico store`: exports the entries of a store as JSON lines, and imports them, at a stage or on this machine. */
import { randomUUID } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { text as readText } from "node:stream/consumers";
import { openTableEntries } from "../../../deploy/lambda/table-entries.ts";
import type { EntryStore, StoredEntry } from "../../../deploy/stored-entry.ts";
import { openStoreEntries } from "../../../deploy/workers/store-entries.ts";
import { loadApp } from "../../config/app-loader.ts";
import { dataFolder } from "../../model/app.ts";
import { UserError } from "../../model/user-error.ts";
import type { CommandInput } from "../command.ts";
import { appFlags, targetFlag, textFlag } from "../flags.ts";
import { chooseCloud, explainErrors, openStageCloud } from "../stage-cloud.ts";
import { openStoreFile } from "../store-file.ts";

/** Without a stage it is the file that portico start and dev on node have. */
export async function store(input: CommandInput): Promise<number> {
  const [action, file] = input.args as readonly [string, string?];
  const actions: Readonly<Record<string, (from: EntryStore) => Promise<void>>> = {
    export: (from) => exportEntries(from, input),
    import: (to) => importEntries(to, file, input),
  };
  const run = Object.hasOwn(actions, action) ? actions[action] : undefined;
  if (!run)
    throw new UserError(
      "USAGE",
      `"${action}" is no action of portico store`,
      "Run portico store export --stage NAME > FILE, or portico store import FILE --stage NAME",
    );
  if (textFlag(input, "stage") !== undefined) return onStage(input, run);
  const data = textFlag(input, "data");
  if (data === undefined) await tellWhoseFile(input);
  const opened = openStoreFile(resolve(input.cwd, data ?? dataFolder), action === "import");
  try {
    await run(opened);
    return 0;
  } finally {
    opened.close();
  }
}

/** Warns where dev has another store, and throws UserError USAGE for the target that has it. */
async function tellWhoseFile(input: CommandInput): Promise<void> {
  const { targets } = await loadApp(appFlags(input, "dev"));
  const target = targets[0];
  if (target === undefined || target === "node") return;
  const other = {
    lambda: "that of dev on lambda is .portico/data/dynamodb.sqlite, which this command does not read",
    workers: "that of dev on workers is stage local's: --stage local --target workers",
  }[target];
  if (targetFlag(input) !== undefined)
    throw new UserError(
      "USAGE",
      `without a stage this is the store of target node; ${other}`,
      "Add --stage NAME for the store of a stage, or leave --target out.",
    );
  input.reporter.warn(`this is the store of portico start and of portico dev --target node; ${other}`);
}

async function onStage(input: CommandInput, run: (entries: EntryStore) => Promise<void>): Promise<number> {
  const stage = await openStageCloud(input);
  try {
    const cloud = await chooseCloud(stage, input);
    await explainErrors(cloud, async () => {
      if (cloud.target === "workers") return run(await openStoreEntries(cloud.cloudflare.client, stage.owner));
      const { clients, account } = cloud.aws;
      return run(await openTableEntries(clients, stage.owner, { account, region: clients.region }));
    });
    return 0;
  } finally {
    await stage.close();
  }
}

/** Expired entries are left out. */
async function exportEntries(from: EntryStore, input: CommandInput): Promise<void> {
  const { reporter } = input;
  const out = textFlag(input, "out");
  const lines: string[] = [];
  let count = 0;
  for await (const page of from.read()) {
    for (const entry of page) {
      if ((entry.expires ?? Infinity) <= Date.now()) continue;
      count += 1;
      if (out === undefined) reporter.text(`${JSON.stringify(entry)}\n`);
      else lines.push(`${JSON.stringify(entry)}\n`);
    }
  }
  if (out === undefined) return;
  await writeFile(resolve(input.cwd, out), lines.join("")).catch((cause: unknown) => {
    throw new UserError("OUTPUT", `${out} cannot be written`, "Give --out the path of a writable file.", { cause });
  });
  reporter.result(`exported ${count} of ${from.where} to ${out}`, { type: "exported", entries: count, out });
}

/** All lines are read before the first entry is written. */
async function importEntries(to: EntryStore, file: string | undefined, { cwd, reporter }: CommandInput): Promise<void> {
  if (file === undefined)
    throw new UserError("USAGE", "no file is named", "Run portico store import FILE, or - for standard input.");
  const text =
    file === "-" ? await readText(process.stdin) : await readFile(resolve(cwd, file), "utf8").catch(unreadable(file));
  const entries = text.split("\n").flatMap((line, at) => (line.trim() === "" ? [] : [readEntry(line, at + 1, file)]));
  const alive = entries.filter(({ expires = Infinity }) => expires > Date.now());
  for (let at = 0; at < alive.length; at += 500) await to.write(alive.slice(at, at + 500));
  reporter.result(`imported ${alive.length} to ${to.where}`, { type: "imported", entries: alive.length });
}

const unreadable =
  (file: string) =>
  (cause: unknown): never => {
    throw new UserError("INPUT", `${file} cannot be read`, "Name a file that portico store export wrote.", { cause });
  };

/** Bytes of a key and of a value's JSON, as the store takes them (framework/features/store/store.ts). */
const [longestKey, largestValue] = [512, 262_144];

function readEntry(line: string, number: number, file: string): StoredEntry {
  const wrong = (what: string, cause?: unknown): UserError =>
    new UserError(
      "STORE_LINE",
      `line ${number} of ${file}: ${what}`,
      'Write lines as portico store export does: {"namespace":"…","key":"…","value":…}. Nothing was imported.',
      { cause },
    );
  let value: Partial<Record<keyof StoredEntry, unknown>>;
  try {
    value = (JSON.parse(line) ?? {}) as Partial<Record<keyof StoredEntry, unknown>>;
  } catch (cause) {
    throw wrong("it is not JSON", cause);
  }
  const { namespace, key, version = randomUUID(), expires } = value;
  if (typeof namespace !== "string" || namespace === "") throw wrong("it has no namespace");
  if (typeof key !== "string" || key === "" || key.includes("\0") || Buffer.byteLength(key) > longestKey)
    throw wrong(`its key is not 1-${longestKey} bytes of text without NUL`);
  if (value.value === undefined || Buffer.byteLength(JSON.stringify(value.value)) > largestValue)
    throw wrong(`its value is missing or has more than ${largestValue} bytes`);
  if (typeof version !== "string") throw wrong("its version is not a text");
  if (expires !== undefined && !Number.isSafeInteger(expires)) throw wrong("expires is not a time in milliseconds");
  return {
    namespace,
    key,
    value: value.value,
    version,
    ...(expires !== undefined && { expires: expires as number }),
  };
}
