/** Environments' temporary folders: nothing in, a new folder out; and those that a killed Portico left behind are removed. */
import { mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const prefix = "portico-environment-";
const home = (): string => realpathSync(tmpdir());

/** An empty folder that only this user may read; its name tells which process made it. */
export function makeTemporaryFolder(): string {
  return mkdtempSync(join(home(), `${prefix}${process.pid}-`));
}

/** Removes the folders whose process is gone: after a kill -9 nobody else does. */
export function sweepTemporaryFolders(): void {
  for (const name of readdirSync(home())) {
    const [, pid] = /^portico-environment-(\d+)-\w{6}$/.exec(name) ?? [];
    if (pid === undefined || lives(Number(pid))) continue;
    try {
      rmSync(join(home(), name), { recursive: true, force: true });
    } catch (error) {
      // Another user's.
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "EACCES" && code !== "EPERM") throw error;
    }
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
