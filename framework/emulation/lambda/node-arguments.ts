/** Node's command-line arguments for a function's environment: memory, the preload script, the permission model. */
import { realpathSync } from "node:fs";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { LoadedFunction } from "../../model/invocation.ts";

/** Flags that allow everything except file writes, as far as this Node knows them. */
const granted = [
  "--allow-addons",
  "--allow-child-process",
  "--allow-inspector",
  "--allow-net",
  "--allow-openssl-store",
  "--allow-wasi",
  "--allow-worker",
];
const supported = granted.filter((flag) => process.allowedNodeEnvironmentFlags.has(flag));
const preload = fileURLToPath(new URL("./preload.cjs", import.meta.url));

const contains = (folder: string, path: string): boolean =>
  path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);

/** The folder of an older build may not exist any more; Node reports that when it starts there. */
function realPath(folder: string): string {
  try {
    return realpathSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return folder;
  }
}

/**
 * The temporary folder, and the host's /tmp and /dev, which a function may name as on Lambda, unless it lies in them.
 */
function writableFolders(directory: string, temporary: string): readonly string[] {
  const shared = process.platform === "win32" ? [] : ["/tmp", "/dev"];
  return [temporary, ...shared.filter((folder) => !contains(realPath(folder), realPath(directory)))];
}

/**
 * The task root is read-only as on Lambda, even for root: Node's permission model allows writing only to the temporary
 * folder and to the host's /tmp (docs/decisions/014). The flags are those of this Node, so another one runs without.
 */
export function nodeArguments(
  fn: Pick<LoadedFunction, "memory" | "directory">,
  temporary: string,
  execPath: string,
): readonly string[] {
  const own = [`--max-old-space-size=${fn.memory}`, `--require=${preload}`];
  if (execPath !== process.execPath) return own;
  const writes = writableFolders(fn.directory, temporary).map((folder) => `--allow-fs-write=${join(folder, sep)}`);
  return [...own, "--permission", "--allow-fs-read=*", ...writes, ...supported, "--disable-warning=SecurityWarning"];
}
