/** The data of a local Postgres: made once by initdb, with one owner and a password that only this user can read. */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chown, mkdir, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { UserError } from "../../model/user-error.ts";
import { nobody, type PostgresBinaries, programEnv } from "./binaries.ts";

/** The user that owns every database, and may do all. */
export const owner = "portico";

/** The owner's password; other users of the machine cannot read it. */
export const readPassword = async (folder: string): Promise<string> =>
  (await readFile(join(folder, "password"), "utf8")).trim();

/**
 * Makes the data where there are none. Throws UserError POSTGRES_VERSION for those of another major version.
 * @param folder absolute path of a folder that exists and that no other process changes meanwhile
 */
export async function ensureCluster(folder: string, { native, major }: PostgresBinaries): Promise<void> {
  const found = await readFile(join(folder, "data/PG_VERSION"), "utf8").catch((error: NodeJS.ErrnoException) => {
    // What cannot be read is no reason to begin anew.
    if (error.code !== "ENOENT") throw error;
    return undefined;
  });
  if (found === undefined) return makeCluster(folder, native);
  if (found.trim() === major) return;
  throw new UserError(
    "POSTGRES_VERSION",
    `${folder} has the data of Postgres ${found.trim()}, and the installed one is ${major}`,
    `Delete ${folder} to begin with an empty database, or install the package of Postgres ${found.trim()} again.`,
  );
}

/** A run that is killed half-way leaves a draft, which the next one replaces. */
async function makeCluster(folder: string, native: string): Promise<void> {
  const draft = join(folder, "data.new");
  const password = join(folder, "password");
  for (const path of [draft, join(folder, "data"), password]) await rm(path, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  await writeFile(password, `${randomBytes(24).toString("base64url")}\n`, { mode: 0o600 });
  if (nobody) for (const path of [draft, password]) await chown(path, nobody.uid, nobody.gid);
  await runInitdb(native, draft, password);
  await rename(draft, join(folder, "data"));
}

/**
 * The order of text is that of code points and its case that of Unicode (C.UTF-8), on every machine. The password is
 * random, so that one round of SCRAM is enough, which each connection pays.
 */
async function runInitdb(native: string, data: string, password: string): Promise<void> {
  // Nobody may not be allowed to enter the folders above: descriptors lead past them.
  const handles = nobody ? [await open(data), await open(password)] : [];
  const paths = nobody ? ["/proc/self/fd/3", "/proc/self/fd/4"] : [data, password];
  const args = [
    ...["-D", paths[0]!, "-U", owner, "-A", "scram-sha-256", `--pwfile=${paths[1]}`],
    ...["-E", "UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"],
    ...["--no-sync", "--no-instructions", "-c", "scram_iterations=1"],
  ];
  try {
    const child = spawn(join(native, "bin/initdb"), args, {
      stdio: ["ignore", "ignore", "pipe", ...handles.map(({ fd }) => fd)],
      env: { ...programEnv },
      windowsHide: true,
      ...nobody,
    });
    const exited = once(child, "exit");
    const said = await text(child.stderr!);
    await exited;
    if (child.exitCode !== 0) throw new Error(said);
  } finally {
    for (const handle of handles) await handle.close();
  }
}
