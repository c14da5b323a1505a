/** How an environment's Node is started: its function and its temporary folder in, Node's own flags out. */
import { realpathSync } from "node:fs";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { LoadedFunction } from "../../model/invocation.ts";

/** What the permission model must not take from a function besides its files; only what this Node knows. */
const granted = [
  "--allow-addons",
  "--allow-child-process",
  "--allow-inspector",
  "--allow-net",
  "--allow-openssl-store",
  "--allow-wasi",
  "--allow-worker",
];
const known = granted.filter((flag) => process.allowedNodeEnvironmentFlags.has(flag));
const preload = fileURLToPath(new URL("./preload.cjs", import.meta.url));

const contains = (folder: string, path: string): boolean =>
  path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);

/** A folder may be gone by now, as that of an older build; then Node says so to whoever starts in it. */
function realPath(folder: string): string {
  try {
    return realpathSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return folder;
  }
}

/** The host's own, which a function may name by its absolute path as on Lambda; not when the function itself lies in it. */
function writable(directory: string, temporary: string): readonly string[] {
  const shared = process.platform === "win32" ? [] : ["/tmp", "/dev"];
  return [temporary, ...shared.filter((folder) => !contains(realPath(folder), realPath(directory)))];
}

/**
 * The task root is read-only as on Lambda, for root as well: Node's permission model lets a function write only to its temporary
 * folder and to the host's /tmp (docs/decisions/014). `known` belongs to this Node, so another one runs without it.
 */
export function nodeArguments(fn: Pick<LoadedFunction, "memory" | "directory">, temporary: string, execPath: string): readonly string[] {
  const memory = `--max-old-space-size=${fn.memory}`;
  if (execPath !== process.execPath) return [memory];
  const writes = writable(fn.directory, temporary).map((folder) => `--allow-fs-write=${join(folder, sep)}`);
  return [memory, "--permission", "--allow-fs-read=*", ...writes, ...known, "--disable-warning=SecurityWarning", `--require=${preload}`];
}
