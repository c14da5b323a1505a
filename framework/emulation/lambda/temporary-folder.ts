/** The temporary folders of environments, and the removal of those that a killed Portico left behind. */
import { mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const prefix = "portico-environment-";
const home = (): string => realpathSync(tmpdir());

/** Makes an empty folder that only this user may read; its name has the pid of this process. */
export function makeTemporaryFolder(): string {
  return mkdtempSync(join(home(), `${prefix}${process.pid}-`));
}

/** Removes the folders whose process has ended, for example by kill -9. */
export function sweepTemporaryFolders(): void {
  for (const name of readdirSync(home())) {
    const [, pid] = /^portico-environment-(\d+)-\w{6}$/.exec(name) ?? [];
    if (pid === undefined || isRunning(Number(pid))) continue;
    try {
      rmSync(join(home(), name), { recursive: true, force: true });
    } catch (error) {
      // It belongs to another user.
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "EACCES" && code !== "EPERM") throw error;
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
