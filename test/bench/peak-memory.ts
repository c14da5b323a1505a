/** Peak resident memory of a command and all its child processes. */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** Megabytes, sampled every 5 ms. Only on Linux, which has /proc. */
export async function peakMemory(command: string, args: readonly string[]): Promise<number> {
  const child = spawn(command, args, { stdio: ["ignore", "inherit", "inherit"] });
  let peak = 0;
  const sampling = setInterval(() => (peak = Math.max(peak, residentTree(child.pid ?? 0))), 5);
  const code = await new Promise<number | null>((resolve) => child.once("exit", resolve));
  clearInterval(sampling);
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}`);
  return peak;
}

/** 0 for a process that ends while it is read. */
function residentTree(root: number): number {
  const tree = new Set([root]);
  let sum = 0;
  // Parents have lower ids than their children, except when ids wrap around.
  for (const pid of readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .toSorted((a, b) => a - b)) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      const field = (name: string): number => Number(new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(status)?.[1] ?? 0);
      if (tree.has(field("PPid"))) tree.add(pid);
      if (tree.has(pid)) sum += field("VmRSS") / 1024;
    } catch {
      continue;
    }
  }
  return sum;
}
