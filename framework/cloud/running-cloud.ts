/** The local cloud that runs on a state folder: records its port, and finds it again if it proves the same key. */
import { randomBytes } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type AccessKey, readAccessKey } from "./access-key.ts";
import { pingPath, provesKey } from "./key-challenge.ts";
import { isRecord } from "./structure-reader.ts";

/** Milliseconds that a server has to answer the ping. */
const pingTimeout = 2000;

/** Records the port, so that `findRunningCloud` also finds a cloud that does not listen on the usual port. */
export function recordRunningCloud(folder: string, port: number): void {
  const file = join(folder, "running.json");
  writeFileSync(`${file}.tmp`, `${JSON.stringify({ schemaVersion: 1, port })}\n`);
  renameSync(`${file}.tmp`, file);
}

/** The port where the cloud of `folder` was last started. It may have stopped since. */
export function lastPort(folder: string): number | undefined {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(join(folder, "running.json"), "utf8"));
  } catch {
    // The file is optional: without it, only the usual port is tried.
    return undefined;
  }
  const port = isRecord(value) && value["schemaVersion"] === 1 ? value["port"] : undefined;
  return typeof port === "number" ? port : undefined;
}

/**
 * Tries `port` first, then the port where this cloud was last started. Sends no secret, and ignores a server that does
 * not prove the key.
 */
export async function findRunningCloud(options: {
  readonly folder: string;
  readonly port: number;
}): Promise<{ readonly url: string } | undefined> {
  const key = readAccessKey(options.folder);
  if (!key) return undefined;
  const ports = new Set(
    [options.port, lastPort(options.folder)].filter((port) => port !== undefined && port > 0),
  ) as Set<number>;
  for (const port of ports) if (await hasKey(port, key)) return { url: `http://127.0.0.1:${port}` };
  return undefined;
}

async function hasKey(port: number, key: AccessKey): Promise<boolean> {
  const nonce = randomBytes(32).toString("hex");
  try {
    const url = `http://127.0.0.1:${port}${pingPath}?nonce=${nonce}`;
    const response = await fetch(url, { redirect: "error", signal: AbortSignal.timeout(pingTimeout) });
    const body: unknown = response.ok ? await response.json() : undefined;
    return isRecord(body) && typeof body["proof"] === "string" && provesKey(body["proof"], key, port, nonce);
  } catch {
    // Nothing listens there, or another program does.
    return false;
  }
}
