/**
 * The watchdog's own process. It reads lines from stdin: `+PID START` watches a process, `-PID` stops that, `bye` ends
 * the watchdog. When stdin ends, it kills every watched process with its group and descendants. Given the pids of the
 * command line and of its launcher, it also kills both kinds when the launcher ends, which a function's endless loop
 * may keep the command line from noticing.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";

// Ctrl-C signals the whole foreground group and a closing terminal its session; only the end of the pipe counts.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {});

const windows = process.platform === "win32";

/** Parent, group and start time of a process; undefined when there is none. */
function processInfo(pid) {
  try {
    if (process.platform === "linux") {
      // proc(5): the name in parentheses may hold any text, so fields are counted after it.
      const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return fields[0] === "Z" ? undefined : { parent: Number(fields[1]), group: Number(fields[2]), start: fields[19] };
    }
    if (windows) return { parent: 0, group: 0, start: "" };
    const line = execFileSync("ps", ["-o", "ppid=,pgid=,lstart=", "-p", String(pid)], { encoding: "utf8" }).trim();
    const [parent, group, ...start] = line.split(/\s+/);
    return { parent: Number(parent), group: Number(group), start: start.join(" ") };
  } catch {
    // It has ended.
    return undefined;
  }
}

/** Every process id of the machine. */
function allPids() {
  if (process.platform === "linux")
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  return execFileSync("ps", ["-axo", "pid="], { encoding: "utf8" }).split("\n").filter(Boolean).map(Number);
}

/** @type {Map<number, { start: string }>} */
const watched = new Map();

/** Kills a process, or the group of a negative number; one that has ended already is no error. */
function kill(pid) {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (error.code !== "ESRCH" && error.code !== "EPERM") throw error;
  }
}

/** Adds the watched processes, unless their pid was reused, and their descendants to `doomed`. */
function collect(doomed) {
  for (const [pid, { start }] of watched) if (processInfo(pid)?.start === start) doomed.add(pid);
  const parents = new Map(allPids().map((pid) => [pid, processInfo(pid)?.parent]));
  for (let size = -1; size !== doomed.size;) {
    size = doomed.size;
    for (const [pid, parent] of parents) if (doomed.has(parent)) doomed.add(pid);
  }
  doomed.delete(process.pid);
}

/** Runs twice, since a process may fork during the first round. */
function killAll() {
  if (windows) {
    for (const pid of watched.keys()) {
      try {
        execFileSync("taskkill", ["/T", "/F", "/PID", String(pid)], { stdio: "ignore" });
      } catch {
        // It has ended.
      }
    }
    return;
  }
  const doomed = new Set();
  for (let round = 0; round < 2; round++) {
    collect(doomed);
    // A leader's group includes children whose own parent has ended.
    for (const pid of doomed) if (processInfo(pid)?.group === pid) kill(-pid);
    for (const pid of doomed) kill(pid);
  }
  // A group outlives its leader, and its number is not reused meanwhile.
  for (const pid of watched.keys()) if (!processInfo(pid)) kill(-pid);
}

function end() {
  killAll();
  process.exit(0);
}

const [command, launcher] = process.argv.slice(2).map(Number);
const launched = launcher && processInfo(launcher);
if (launched) {
  setInterval(() => {
    if (processInfo(launcher)?.start === launched.start) return;
    const found = processInfo(command);
    if (found) watched.set(command, { start: found.start });
    end();
  }, 500);
}

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const [pid, given] = line.slice(1).split(" ");
  if (line.startsWith("+")) {
    const start = given || processInfo(Number(pid))?.start;
    if (start !== undefined) watched.set(Number(pid), { start });
  } else watched.delete(Number(pid));
});
// The pipe of a parent that is killed while it writes ends with an error.
process.stdin.on("error", () => lines.close());
lines.on("close", end);
