/** The CPU time of a process's threads, which does not depend on other load of the machine. */
import { readdirSync, readFileSync } from "node:fs";

/**
 * Milliseconds, of the threads that are alive (proc(5), `task/TID/schedstat`); undefined where the kernel does not say.
 */
export function processorTime(pid: number): number | undefined {
  if (process.platform !== "linux") return undefined;
  const threads = readdirSync(`/proc/${pid}/task`);
  const used = threads.map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]),
  );
  return used.reduce((sum, one) => sum + one, 0) / 1e6;
}
