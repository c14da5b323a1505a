/** Finds a local cloud that already runs on this state: its folder and a port in, the URL of a server that proved the same key out. */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isRecord } from "./members.ts";
import { type CloudKey, readKey } from "./key.ts";
import { isProof, pingPath } from "./proof.ts";

/** Milliseconds that a server has for its answer to a ping. */
const patience = 2000;

/** Where the cloud on `folder` was last started; nothing says that it still runs. */
export function lastPort(folder: string): number | undefined {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(join(folder, "running.json"), "utf8"));
  } catch {
    // Only a hint: without it the port that was asked for is tried.
    return undefined;
  }
  const port = isRecord(value) && value["schemaVersion"] === 1 ? value["port"] : undefined;
  return typeof port === "number" ? port : undefined;
}

/** Asks `port` first, then the port where this cloud was last started. No secret is sent; a server that cannot prove the key is passed over. */
export async function findCloud(options: {
  readonly folder: string;
  readonly port: number;
}): Promise<{ readonly url: string } | undefined> {
  const key = readKey(options.folder);
  if (!key) return undefined;
  const ports = new Set([options.port, lastPort(options.folder)].filter((port) => port !== undefined && port > 0)) as Set<number>;
  for (const port of ports) if (await hasKey(port, key)) return { url: `http://127.0.0.1:${port}` };
  return undefined;
}

async function hasKey(port: number, key: CloudKey): Promise<boolean> {
  const nonce = randomBytes(32).toString("hex");
  try {
    const url = `http://127.0.0.1:${port}${pingPath}?nonce=${nonce}`;
    const response = await fetch(url, { redirect: "error", signal: AbortSignal.timeout(patience) });
    const answer: unknown = response.ok ? await response.json() : undefined;
    return isRecord(answer) && typeof answer["proof"] === "string" && isProof(answer["proof"], key, port, nonce);
  } catch {
    // Nobody there, or nobody of ours.
    return false;
  }
}
