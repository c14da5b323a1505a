/**
 * The keeper: a small process that runs one Postgres as long as some process uses it. Each user holds a connection to
 * the keeper, so that one that is killed leaves too. It is started by a process that then exits, since it belongs to
 * no user: `node keeper-process.mjs start` with its options in PORTICO_KEEPER prints one line of JSON, `{"port"}` or
 * `{"error"}`.
 */
import { execFileSync, fork, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** Milliseconds that Postgres runs on after a user that ended without a word: the next test file may begin. */
const graceMs = 3000;
/** Milliseconds until a start or a stop counts as failed. */
const patienceMs = 60_000;

const windows = process.platform === "win32";
const [mode] = process.argv.slice(2);
// Not an argument, which every user of the machine can read.
const { PORTICO_KEEPER: json = "{}" } = process.env;
/** @type {import("./keeper.ts").KeeperOptions} */
const options = JSON.parse(json);
const data = join(options.folder, "data");

/** Runs the keeper as a process without a parent, and prints what it reports. */
function startDetached() {
  const keeper = fork(fileURLToPath(import.meta.url), ["run"], { detached: true, stdio: "ignore" });
  const report = (/** @type {object} */ line) => {
    process.stdout.write(`${JSON.stringify(line)}\n`);
    process.exitCode = 0;
    keeper.disconnect();
    keeper.unref();
  };
  keeper.once("message", report);
  keeper.once("exit", () => process.stdout.write(`${JSON.stringify({ error: "the keeper of Postgres ended" })}\n`));
}

/** The fields of postmaster.pid (storage/lmgr: pid, folder, start, port, …, status); undefined without the file. */
function postmaster() {
  try {
    const lines = readFileSync(join(data, "postmaster.pid"), "utf8").split("\n");
    return { pid: Number(lines[0]), lines, ready: lines[7]?.startsWith("ready") === true };
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Whether a process is the Postgres of this folder; its number may belong to another program by now, or a zombie. */
function isOurs(pid) {
  try {
    if (process.platform === "linux") {
      const [own, other] = [statSync(data), statSync(`/proc/${pid}/cwd`)];
      return own.ino === other.ino && own.dev === other.dev;
    }
    process.kill(pid, 0);
    return windows || execFileSync("ps", ["-o", "args=", "-p", String(pid)], { encoding: "utf8" }).includes(data);
  } catch {
    return false;
  }
}

/** Ends a Postgres whose keeper was killed, and keeps Postgres from taking another program for one. */
async function endForerunner() {
  const found = postmaster();
  if (found && isOurs(found.pid)) await stop(found.pid);
  // Postgres ignores the number of its parent. The file stays, since it names the shared memory that may be in use.
  else if (found)
    writeFileSync(join(data, "postmaster.pid"), [String(process.pid), ...found.lines.slice(1)].join("\n"));
}

/** A fast shutdown, which ends connections and writes a checkpoint. */
async function stop(pid) {
  if (windows) execFileSync(join(options.native, "bin", "pg_ctl.exe"), ["stop", "-m", "fast", "-D", data]);
  else process.kill(pid, "SIGINT");
  const end = Date.now() + patienceMs;
  for (; isOurs(pid); await sleep(10)) if (Date.now() > end) process.kill(pid, "SIGKILL");
}

/** Starts Postgres and waits until it accepts connections. Throws with the end of its log when it exits. */
async function startPostgres() {
  const log = openSync(join(options.folder, "postgres.log"), "w", 0o600);
  const folder = options.user ? openSync(data, "r") : "ignore";
  const settings = Object.entries(options.settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const child = spawn(
    join(options.native, "bin", windows ? "postgres.exe" : "postgres"),
    // Another user may not be allowed to enter the folders above; the descriptor is open already.
    ["-D", options.user ? "/proc/self/fd/3" : data, "-p", String(options.port), ...settings],
    { stdio: ["ignore", log, log, folder], env: options.env, windowsHide: true, detached: true, ...options.user },
  );
  let failed;
  child.once("error", (error) => (failed = String(error)));
  child.once("exit", () => (failed ??= readFileSync(join(options.folder, "postgres.log"), "utf8").slice(-2000)));
  for (const end = Date.now() + patienceMs; ; await sleep(10)) {
    const found = postmaster();
    if (found?.ready && found.pid === child.pid) break;
    if (Date.now() > end) failed ??= "Postgres is not ready after a minute";
    if (failed === undefined) continue;
    child.kill("SIGKILL");
    throw new Error(failed);
  }
  closeSync(log);
  if (folder !== "ignore") closeSync(folder);
  return child;
}

/** Keeps Postgres running while there are users. */
async function run() {
  const users = new Set();
  const waiting = new Set();
  let timer;
  let child;
  let ending = false;
  const end = async () => {
    if (ending) return;
    ending = true;
    server.close();
    if (child?.exitCode === null) await stop(child.pid);
    for (const socket of waiting) socket.end();
    for (const socket of users) socket.destroy();
    process.exit(0);
  };
  const endAfter = (ms) => {
    clearTimeout(timer);
    timer = setTimeout(() => users.size === 0 && void end(), ms);
  };
  const leave = (socket) => {
    if (!users.delete(socket)) return;
    if (users.size === 0) waiting.add(socket);
    else socket.end();
    if (users.size === 0) void end();
  };
  const server = createServer((socket) => {
    let text = "";
    socket.on("error", () => {});
    socket.on("data", (part) => {
      text += part;
      if (text.startsWith(`${options.token}\n`) && !users.has(socket) && !waiting.has(socket) && !ending) {
        users.add(socket);
        socket.write("ok\n");
      }
      if (text.length > 1000 || (text.includes("\n") && !text.startsWith(`${options.token}\n`))) socket.destroy();
      if (text.endsWith("\nbye\n")) leave(socket);
    });
    socket.on("close", () => users.delete(socket) && endAfter(graceMs));
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => void end());
  try {
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    await endForerunner();
    child = await startPostgres();
    child.once("exit", () => void end());
    const file = join(options.folder, "server.json");
    const { port, token } = options;
    const state = JSON.stringify({ port, token, keeper: server.address().port, pid: process.pid });
    writeFileSync(`${file}.new`, `${state}\n`, { mode: 0o600 });
    renameSync(`${file}.new`, file);
    endAfter(graceMs * 10);
    process.send({ port });
  } catch (error) {
    process.send({ error: error.message });
    await end();
  }
}

if (mode === "start") startDetached();
if (mode === "run") await run();
