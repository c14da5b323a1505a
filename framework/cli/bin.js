#!/usr/bin/env node
/** The launcher, in JavaScript that an old Node can read: checks the Node version, runs main with the process's words and exits with its code. */
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

/** A Node that is installed as a package in a folder above, new enough; undefined without one. */
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

/** Runs this launcher again on another Node, as if it were this process: streams, signals and exit code are passed on. */
async function runOn(node) {
  const { spawn } = await import("child_process");
  // The channel closes when this process dies, however it dies: see endWithLauncher.
  const child = spawn(node, process.argv.slice(1), { stdio: ["inherit", "inherit", "inherit", "ipc"] });
  // A function's endless loop may keep the child from hearing anything; a second Ctrl-C, after a second, ends it all the same.
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

/** When the launcher that runs this one is killed, nobody would pass signals on any more: end at once; the watchdog ends the rest. */
function endWithLauncher() {
  if (!process.channel) return;
  process.once("disconnect", () => process.kill(process.pid, "SIGKILL"));
  process.channel.unref();
}

/**
 * One Ctrl-C can come two or three times: from the terminal, from npm, from a launcher. Signals within a second of the first count as one;
 * a later one ends what still shuts down. A command that listens for none ends at the first, as if nobody listened.
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
 * Keeps what Node makes of our modules (for TypeScript, JavaScript as well) for the next start, which it halves. Beside the packages, so
 * that whoever can write there decides what runs anyway, and no other installation's modules are in it; where that cannot be written, in
 * the user's own cache folder. NODE_COMPILE_CACHE and NODE_DISABLE_COMPILE_CACHE have the last word.
 */
function keepCompiled() {
  if (process.env.NODE_COMPILE_CACHE) return undefined;
  const { enableCompileCache } = process.getBuiltinModule("module");
  for (const caches of [packagesFolder(), userCaches()]) {
    const { directory } = caches ? enableCompileCache(join(caches, "portico")) : {};
    if (directory) return directory;
  }
  return undefined;
}

/** `node_modules/.cache` of the project that has this package, or of this checkout; undefined where it cannot be written. */
function packagesFolder() {
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

/** Each edit of a function that runs in this process leaves an entry; looked at when nobody waits any more. */
function boundCompiled(folder) {
  if (folder && existsSync(folder) && readdirSync(folder).length > 3000) rmSync(folder, { recursive: true, force: true });
}

async function run() {
  const compiled = keepCompiled();
  endWithLauncher();
  countSignalsOnce();
  // The reader of our output went away, as `head` does: nothing is left to say.
  process.stdout.on("error", (error) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  const [word, ...words] = process.argv.slice(2);
  const extension = existsSync(new URL("main.ts", import.meta.url)) ? ".ts" : ".js";
  const file = word === "dev" && extension === ".js" ? "./main-dev" : "./main";
  // Left so only when nothing is left to wait for and main has still not finished.
  process.exitCode = 1;
  const { beginAhead } = word === "dev" ? await import("./ahead" + extension) : {};
  const ahead = beginAhead && (await beginAhead(words, process.cwd()));
  const { main } = await import(file + extension);
  const code = await main(process.argv.slice(2), ahead);
  boundCompiled(compiled);
  process.stdout.write("", () => process.exit(code));
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

async function runElsewhere() {
  const node = (await localNode(dirname(fileURLToPath(import.meta.url)))) || (await localNode(process.cwd()));
  if (node) await runOn(node);
  else refuse();
}

// What only an old Node needs is loaded there only.
void (isNewEnough(process.versions.node) ? run() : runElsewhere());
