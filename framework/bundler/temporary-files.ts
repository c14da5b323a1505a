/** Temporary file names that carry the writer's process id, and the removal of those that dead processes left. */
import { randomBytes } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** `<path>.<process id>-<random>`. */
export const temporaryPath = (path: string): string => `${path}.${process.pid}-${randomBytes(4).toString("hex")}`;

/** Removes temporary files of a path whose processes have ended. */
export function removeOrphans(path: string): void {
  for (const name of readdirSync(dirname(path))) {
    const pid = name.startsWith(`${basename(path)}.`) ? /\.(\d+)-[0-9a-f]{8}(?:\.old)?$/.exec(name)?.[1] : undefined;
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(dirname(path), name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
