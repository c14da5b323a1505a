#!/usr/bin/env node
/**
 * The `portico` executable: checks the Node version, runs main with the process's arguments and exits with its code.
 * It is written in JavaScript that old versions of Node can read.
 */
import { accessSync, constants, existsSync, readdirSync, rmSync } from "fs";
import { homedir } from "os";
import { basename, dirname, join } from "path";
import { fileURLToPath } from "url";

// The first line with unflagged type stripping; a test holds it equal to package.json's engines.
const oldest = [22, 18];
const signals = ["SIGINT", "SIGTERM", "SIGHUP"];

/** True for `22.18.0` and newer. */
function isNewEnough(version) {
  const parts = version.split(".").map(Number);
  return parts[0] > oldest[0] || (parts[0] === oldest[0] && parts[1] >= oldest[1]);
}

/** A recent Node that is installed as a package in this folder or one above; undefined without one. */
async function localNode(start) {
  const { spawnSync } = await import("child_process");
  const program = process.platform === "win32" ? "node.exe" : "node";
  const packages = ["node-" + process.platform.replace("win32", "win") + "-" + process.arch, "node"];
  for (let folder = start; ; folder = dirname(folder)) {
    for (const name of packages) {
      const file = join(folder, "node_modules", name, "bin", program);
      if (existsSync(file)) {
        const { stdout } = spawnSync(file, ["-p", "process.versions.node"], { encoding: "utf8" });
        if (stdout && isNewEnough(stdout.trim())) return file;
      }
    }
    if (dirname(folder) === folder) return undefined;
  }
}

/** Runs this launcher again on another Node, and passes streams, signals and the exit code on. */
async function runOn(node) {
  const { spawn } = await import("child_process");
  // The channel closes when this process dies, however it dies: see endWithLauncher.
  const child = spawn(node, process.argv.slice(1), { stdio: ["inherit", "inherit", "inherit", "ipc"] });
  // A function's endless loop may block the child's signal handlers. A second Ctrl-C, after a second, kills the child.
  let first = 0;
  for (const signal of signals) {
    process.on(signal, () => {
      child.kill(first && Date.now() - first > 1000 ? "SIGKILL" : signal);
      first = first || Date.now();
    });
  }
  child.on("exit", (code, signal) => {
    if (!signal) process.exit(code);
    for (const name of signals) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}

/**
 * Ends this process at once when its launcher is killed, since no further signals would arrive. The watchdog then ends
 * the processes of functions.
 */
function endWithLauncher() {
  if (!process.channel) return;
  process.once("disconnect", () => process.kill(process.pid, "SIGKILL"));
  process.channel.unref();
}

/**
 * Counts all signals within a second as one, since one Ctrl-C can arrive from the terminal, from npm and from a
 * launcher. A later signal ends a command that still shuts down. The first signal ends a command without handlers.
 */
function countSignalsOnce() {
  let first = 0;
  for (const signal of signals) {
    process.on(signal, () => {
      const heard = process.listenerCount(signal) > 1;
      if (!first && heard) first = Date.now();
      else if (!first || Date.now() - first > 1000) {
        process.removeAllListeners(signal);
        process.kill(process.pid, signal);
      }
    });
  }
}

/**
 * Enables Node's compile cache, which halves the time of a start. The cache is beside the packages, where write access
 * is as powerful as access to the packages; where that is not writable, in the user's cache folder.
 * NODE_COMPILE_CACHE and NODE_DISABLE_COMPILE_CACHE take precedence.
 */
function enableCompileCache() {
  if (process.env.NODE_COMPILE_CACHE) return undefined;
  const nodeModule = process.getBuiltinModule("module");
  if (!nodeModule.enableCompileCache) return undefined;
  for (const caches of [packageCaches(), userCaches()]) {
    const { directory } = caches ? nodeModule.enableCompileCache(join(caches, "portico")) : {};
    if (directory) return directory;
  }
  return undefined;
}

/** `node_modules/.cache` of the project with this package, or of this checkout; undefined where it is not writable. */
function packageCaches() {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const modules = basename(dirname(root)) === "node_modules" ? dirname(root) : join(root, "node_modules");
  try {
    accessSync(modules, constants.W_OK);
    return join(modules, ".cache");
  } catch {
    return undefined;
  }
}

function userCaches() {
  const { env, platform } = process;
  const home = homedir();
  const fallback = platform === "darwin" ? join(home, "Library", "Caches") : join(home, ".cache");
  return platform === "win32" ? env.LOCALAPPDATA : env.XDG_CACHE_HOME || fallback;
}

/** Empties a large compile cache: each edit of a function in this process adds an entry. */
function limitCompileCache(folder) {
  if (folder && existsSync(folder) && readdirSync(folder).length > 3000)
    rmSync(folder, { recursive: true, force: true });
}

async function run() {
  const compileCache = enableCompileCache();
  endWithLauncher();
  countSignalsOnce();
  // The reader of the output has closed it, as `head` does: end without an error.
  process.stdout.on("error", (error) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  const extension = existsSync(new URL("main.ts", import.meta.url)) ? ".ts" : ".js";
  // Stays 1 only if Node finds nothing to wait for before main has finished.
  process.exitCode = 1;
  const { main } = await import(programPath() + extension);
  const code = await main(process.argv.slice(2));
  limitCompileCache(compileCache);
  process.stdout.write("", () => process.exit(code));
}

/** The module with the main function: that of a worker for the processes that `portico start` forks. */
function programPath() {
  if (process.argv[2] !== "start-worker") return "./main";
  return process.getBuiltinModule("cluster").isWorker ? "./start-worker" : "./main";
}

function refuse() {
  const packageName = "node-" + process.platform.replace("win32", "win") + "-" + process.arch;
  process.stderr.write(
    "error NODE_TOO_OLD: portico needs Node " +
      oldest.join(".") +
      " or newer; this is Node " +
      process.versions.node +
      " (" +
      process.execPath +
      ")\n" +
      "fix: install Node 24 from https://nodejs.org, or beside your project only: npm install --save-dev " +
      packageName +
      "@24\n",
  );
  process.exitCode = 1;
}

/**
 * True for `init` on a Node that can run it: the command only writes files, and the new project depends on a newer
 * Node (commands/init.ts).
 */
function isInitOnly() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  // The versions with process.getBuiltinModule.
  const isSupported = major > 20 || (major === 20 && minor >= 16);
  return isSupported && process.argv[2] === "init" && existsSync(new URL("main.js", import.meta.url));
}

async function runElsewhere() {
  const node = (await localNode(dirname(fileURLToPath(import.meta.url)))) || (await localNode(process.cwd()));
  if (node) await runOn(node);
  else if (isInitOnly()) await run();
  else refuse();
}

void (isNewEnough(process.versions.node) ? run() : runElsewhere());
