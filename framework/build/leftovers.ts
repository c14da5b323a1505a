/** Names for what is written beside its place before it takes it: a path in, one that tells whose it is out; and the removal of what the dead left. */
import { randomBytes } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** `<path>.<process id>-<random>`. */
export const besides = (path: string): string => `${path}.${process.pid}-${randomBytes(4).toString("hex")}`;

/** Removes what processes that are no more left beside a path. */
export function removeLeftovers(path: string): void {
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
