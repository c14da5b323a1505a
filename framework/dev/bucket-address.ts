/**
 * Where the bucket of an app under development is, and what its credentials are made of. Both stay over restarts, so
 * that the forms of a page that is open in a browser go on to work.
 */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import type { App } from "../model/app.ts";
import { lambdaFiles } from "./lambda-place.ts";

/** The address. */
export interface BucketAddress {
  readonly secret: string;
  /** Absent until the bucket was opened once. */
  readonly port?: number | undefined;
}

/** The address as it was kept, or a new one. */
export function readAddress(app: App): BucketAddress {
  try {
    const { secret, port } = JSON.parse(readFileSync(lambdaFiles(app).address, "utf8")) as Partial<BucketAddress>;
    if (typeof secret === "string" && secret !== "" && isPort(port)) return { secret, port };
  } catch {
    // Neither a missing file nor one that was cut off tells an address.
  }
  return { secret: randomBytes(32).toString("base64") };
}

const isPort = (port: unknown): boolean => Number.isInteger(port) && Number(port) > 0 && Number(port) < 65_536;

/** Keeps it for this user alone, whatever was there. The data folder is there. */
export async function keepAddress(app: App, address: BucketAddress): Promise<void> {
  const { address: file } = lambdaFiles(app);
  await rm(file, { recursive: true, force: true });
  await writeFile(file, JSON.stringify(address), { mode: 0o600 });
}
