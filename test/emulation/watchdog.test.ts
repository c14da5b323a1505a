/** The watchdog: what is left of a process's children after it was killed with SIGKILL, closed, or ended. */
// @module-tag isolated
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { startWatchdog } from "../../framework/emulation/watchdog.ts";
import { descendants } from "../e2e/portico.ts";
import { until } from "../until.ts";

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

/** In the kernel's letter; undefined when it ended meanwhile. */
function stateOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1)?.[0];
  } catch {
    return undefined;
  }
}

/** Zombies count as gone: in a container without an init nobody reaps them. */
function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return process.platform !== "linux" || !["Z", "X", undefined].includes(stateOf(pid));
}

const untilGone = (pids: readonly number[]): Promise<void> =>
  until(
    () => !pids.some(alive),
    () => `end of ${pids.filter(alive).join()}`,
  );

const sleeper = (): ChildProcess => {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  started.push(child);
  return child;
};

describe("startWatchdog()", () => {
  it("kills children (also a stopped one), grandchildren, orphans and workerd after kill -9", async () => {
    const script = join(import.meta.dirname, "fixtures/watched.ts");
    const main = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
    started.push(main);
    const [line] = (await once(main.stdout.setEncoding("utf8"), "data")) as [string];
    const named: number[] = Object.values(JSON.parse(line) as Record<string, number>);
    const children = process.platform === "linux" ? descendants(main.pid!) : [];
    if (process.platform === "linux")
      expect(children.some((pid) => readFileSync(`/proc/${pid}/cmdline`, "latin1").includes("workerd"))).toBe(true);
    const all = [...new Set([...named, ...children])];
    expect(named.filter((pid) => !alive(pid))).toEqual([]);
    main.kill("SIGKILL");
    await untilGone(all);
  });

  it("close() kills the remaining children and ends the watchdog", async () => {
    const watchdog = startWatchdog();
    const child = sleeper();
    await once(child, "spawn");
    await watchdog.close();
    await untilGone([child.pid!]);
  });

  it("does not kill processes that were removed or have exited", async () => {
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
