/** The watchdog: what is left of a process's children after it was killed with SIGKILL, closed, or ended. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { startWatchdog } from "../../framework/local/watchdog.ts";

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

/** Zombies count as gone: in a container without an init nobody reaps them. */
function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return !existsSync(`/proc/${pid}/stat`) || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
}

async function untilGone(pids: readonly number[]): Promise<number[]> {
  for (let tries = 0; tries < 100 && pids.some(alive); tries++) await new Promise((done) => setTimeout(done, 50));
  return pids.filter(alive);
}

const childrenOf = (parent: number): number[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && existsSync(`/proc/${name}/stat`))
    .map(Number)
    .filter((pid) => Number(readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1)?.split(" ")[1]) === parent);

const sleeper = (): ChildProcess => {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  started.push(child);
  return child;
};

describe("startWatchdog()", () => {
  it("kills children, a frozen one, grandchildren, orphans and workerd after kill -9", async () => {
    const script = join(import.meta.dirname, "fixtures/watched.ts");
    const main = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
    started.push(main);
    const [line] = (await once(main.stdout.setEncoding("utf8"), "data")) as [string];
    const named: number[] = Object.values(JSON.parse(line) as Record<string, number>);
    const children = process.platform === "linux" ? childrenOf(main.pid!) : [];
    if (process.platform === "linux")
      expect(children.some((pid) => readFileSync(`/proc/${pid}/cmdline`, "latin1").includes("workerd"))).toBe(true);
    const all = [...new Set([...named, ...children])];
    expect(all.filter((pid) => !alive(pid))).toEqual([]);
    main.kill("SIGKILL");
    expect(await untilGone(all)).toEqual([]);
  });

  it("close() kills what is left and is itself gone", async () => {
    const watchdog = startWatchdog();
    const child = sleeper();
    await once(child, "spawn");
    await watchdog.close();
    expect(await untilGone([child.pid!])).toEqual([]);
  });

  it("leaves alone what was removed or has exited", async () => {
    const before = sleeper();
    const watchdog = startWatchdog();
    const removed = sleeper();
    await once(removed, "spawn");
    watchdog.add(before.pid!);
    watchdog.remove(before.pid!);
    watchdog.remove(removed.pid!);
    await watchdog.close();
    expect([before.pid!, removed.pid!].every(alive)).toBe(true);
  });
});
