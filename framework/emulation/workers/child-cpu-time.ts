/** The CPU time of the running child processes, from Linux's /proc; other load does not lengthen it. */
import { readFileSync } from "node:fs";

/** proc(5) counts in USER_HZ, hundredths of a second, whatever the kernel's own tick is. */
const millisecondsPerTick = 10;

/** CPU milliseconds of all running children; undefined without /proc. */
export function childCpuMs(): number | undefined {
  try {
    const pids = readFileSync(`/proc/self/task/${process.pid}/children`, "latin1").split(" ").filter(Boolean);
    return pids.reduce((sum, pid) => sum + cpuMs(pid), 0);
  } catch {
    // No Linux, or a child that has just ended.
    return undefined;
  }
}

function cpuMs(pid: string): number {
  // proc(5): the name in parentheses may hold any text, so fields are counted after it; these are utime and stime.
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1)!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) * millisecondsPerTick;
}
