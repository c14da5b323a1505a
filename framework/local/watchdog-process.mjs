/**
 * The watchdog's own process: lines on stdin, `+PID` and when it began for a process to watch, `-PID` leave it alone, `bye` all is done;
 * when stdin ends, every process still watched is killed with its group and its descendants. Given the pids of the command line and of the launcher
 * that passes signals on to it, it ends both kinds when the launcher is gone: a function's endless loop may keep the command line from it.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";

// Ctrl-C goes to the whole foreground group, and a closing terminal to its session; only the end of the pipe counts here.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {});

const windows = process.platform === "win32";

/** Parent, group and start time of a process; undefined when there is none. */
function look(pid) {
  try {
    if (process.platform === "linux") {
      // proc(5): the name in parentheses may hold anything, so the fields are counted from the last one.
      const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return fields[0] === "Z" ? undefined : { parent: Number(fields[1]), group: Number(fields[2]), start: fields[19] };
    }
    if (windows) return { parent: 0, group: 0, start: "" };
    const line = execFileSync("ps", ["-o", "ppid=,pgid=,lstart=", "-p", String(pid)], { encoding: "utf8" }).trim();
    const [parent, group, ...start] = line.split(/\s+/);
    return { parent: Number(parent), group: Number(group), start: start.join(" ") };
  } catch {
    // Gone.
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

/** Kills one process, or with a negative number a group; one that is gone already is what we want. */
function kill(pid) {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (error.code !== "ESRCH" && error.code !== "EPERM") throw error;
  }
}

/** Those watched whose pid was not given to another process meanwhile, and all below them; adds to `doomed`. */
function collect(doomed) {
  for (const [pid, { start }] of watched) if (look(pid)?.start === start) doomed.add(pid);
  const parents = new Map(allPids().map((pid) => [pid, look(pid)?.parent]));
  for (let size = -1; size !== doomed.size;) {
    size = doomed.size;
    for (const [pid, parent] of parents) if (doomed.has(parent)) doomed.add(pid);
  }
  doomed.delete(process.pid);
}

/** Twice, since a process may have forked while the first look was taken. */
function killAll() {
  if (windows) {
    for (const pid of watched.keys()) {
      try {
        execFileSync("taskkill", ["/T", "/F", "/PID", String(pid)], { stdio: "ignore" });
      } catch {
        // Gone.
      }
    }
    return;
  }
  const doomed = new Set();
  for (let round = 0; round < 2; round++) {
    collect(doomed);
    // A leader's group, too: it holds children whose own parent is gone.
    for (const pid of doomed) if (look(pid)?.group === pid) kill(-pid);
    for (const pid of doomed) kill(pid);
  }
  // The group of a watched leader that is gone; a group's number is not given to a new process while the group lives.
  for (const pid of watched.keys()) if (!look(pid)) kill(-pid);
}

function end() {
  killAll();
  process.exit(0);
}

const [command, launcher] = process.argv.slice(2).map(Number);
const launched = launcher && look(launcher);
if (launched) {
  setInterval(() => {
    if (look(launcher)?.start === launched.start) return;
    const found = look(command);
    if (found) watched.set(command, { start: found.start });
    end();
  }, 500);
}

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const [pid, given] = line.slice(1).split(" ");
  if (line.startsWith("+")) {
    const start = given || look(Number(pid))?.start;
    if (start !== undefined) watched.set(Number(pid), { start });
  } else watched.delete(Number(pid));
});
// A parent that is killed while it writes gives an error before the end.
process.stdin.on("error", () => lines.close());
lines.on("close", end);
