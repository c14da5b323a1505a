/** Watches the memory of a process and of all that it starts: a command in, the highest sum of their resident memory out. */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** Megabytes; asked every 5 ms. Linux alone has /proc. */
export async function peakMemory(command: string, args: readonly string[]): Promise<number> {
  const child = spawn(command, args, { stdio: ["ignore", "inherit", "inherit"] });
  let peak = 0;
  const asked = setInterval(() => (peak = Math.max(peak, residentTree(child.pid ?? 0))), 5);
  const code = await new Promise<number | null>((resolve) => child.once("exit", resolve));
  clearInterval(asked);
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}`);
  return peak;
}

/** A process that ends while it is read counts as nothing. */
function residentTree(root: number): number {
  const tree = new Set([root]);
  let sum = 0;
  // Parents have lower numbers than what they start, but for the moment when numbers begin anew.
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
