/** The R2 bucket of an app's files: found, made with the mark of its owner, counted, deleted with all that is in it. */
import type { WorkersApp } from "../../framework/model/app.ts";
import { UserError } from "../../framework/model/user-error.ts";
import { inParallel } from "../parallel.ts";
import type { Owner, Part } from "../parts.ts";
import type { StoredData } from "../platform.ts";
import type { Client } from "./client.ts";
import { hasCode } from "./cloudflare-error.ts";
import { scriptName } from "./names.ts";

/** `empty`: it holds nothing that could be lost, as a bucket that was just made. */
export type BucketState = "ours" | "empty" | "taken";

const path = "/r2/buckets";

/** R2's codes for a bucket or an object that is not there, and for a bucket that is. */
const noSuchBucket = 10006;
const noSuchKey = 10007;
const bucketExists = 10004;

/**
 * Buckets have no tags: an object says whose it is. Its key alone tells, and comes before those of all files, whose
 * namespaces begin with a letter or digit.
 */
const marks = ".portico/owner/";
const markOf = ({ app, stage }: Owner): string => `${marks}${app}/${stage}`;

/** The bucket, as a part that all releases share; its binding is the release's own. */
export const bucketPart = (owner: Owner): Part => ({
  kind: "bucket",
  name: scriptName(owner),
  key: "R2",
  shared: true,
});

/** Keys of the first objects. */
async function listKeys(client: Client, name: string, limit: number): Promise<readonly string[]> {
  const call = { operation: "listObjects", method: "GET", path: `${path}/${name}/objects?per_page=${limit}` } as const;
  return (await client.call<readonly { readonly key: string }[]>(call)).map(({ key }) => key);
}

/** One call. Undefined where there is no bucket of that name. */
export async function findBucket(client: Client, owner: Owner): Promise<BucketState | undefined> {
  try {
    const keys = await listKeys(client, scriptName(owner), 2);
    if (keys.length === 0) return "empty";
    const found = keys.filter((key) => key.startsWith(marks));
    return found.length === 1 && found[0] === markOf(owner) ? "ours" : "taken";
  } catch (error) {
    if (hasCode(error, noSuchBucket)) return undefined;
    throw error;
  }
}

/** Makes the bucket where there is none, and marks it. Throws UserError NAME_TAKEN. */
export async function ensureBucket(client: Client, owner: Owner, location?: WorkersApp["location"]): Promise<void> {
  const name = scriptName(owner);
  const state = await findBucket(client, owner);
  if (state === "taken") throw bucketTaken(name);
  if (state === "ours") return;
  if (state === undefined) {
    const json = { name, ...(location !== undefined && { locationHint: location }) };
    try {
      await client.call({ operation: "createBucket", method: "POST", path, json });
    } catch (error) {
      // Another deployer, or an attempt whose answer was lost.
      if (!hasCode(error, bucketExists)) throw error;
    }
  }
  await client.call({
    operation: "putObject",
    method: "PUT",
    path: `${path}/${name}/objects/${markOf(owner)}`,
    json: { schemaVersion: 1, ...owner },
  });
}

const bucketTaken = (name: string): UserError =>
  new UserError(
    "NAME_TAKEN",
    `the R2 bucket ${name} exists in the account, and has objects that are not this app's`,
    "Rename the app or the stage.",
  );

/** Objects of a page of the API. */
const pageSize = 1000;

/** How many files there are, from the first page. */
export async function countFiles(client: Client, owner: Owner): Promise<StoredData> {
  const name = scriptName(owner);
  const keys = await listKeys(client, name, pageSize);
  const entries = keys.filter((key) => key !== markOf(owner)).length;
  return { kind: "bucket", name, entries, isMore: keys.length === pageSize };
}

/** The mark goes last, so that the next run goes on after an interruption. */
export async function emptyBucket(client: Client, owner: Owner): Promise<void> {
  const name = scriptName(owner);
  const remove = (key: string): Promise<unknown> =>
    ignoring(noSuchKey, () =>
      client.call({
        operation: "deleteObject",
        method: "DELETE",
        path: `${path}/${name}/objects/${key.split("/").map(encodeURIComponent).join("/")}`,
      }),
    );
  for (;;) {
    const keys = await listKeys(client, name, pageSize);
    const files = keys.filter((key) => key !== markOf(owner));
    if (files.length === 0) break;
    await inParallel(files, 8, remove);
  }
  await remove(markOf(owner));
}

/** R2 refuses one that is not empty. */
export const deleteBucket = (client: Client, owner: Owner): Promise<void> =>
  ignoring(noSuchBucket, () =>
    client.call({ operation: "deleteBucket", method: "DELETE", path: `${path}/${scriptName(owner)}` }),
  );

async function ignoring(code: number, call: () => Promise<unknown>): Promise<void> {
  try {
    await call();
  } catch (error) {
    if (!hasCode(error, code)) throw error;
  }
}
