/** Plain miniflare over a folder with a Worker's modules, and bindings as JSON; prints its port, ends at SIGTERM. */
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { Log, LogLevel, Miniflare } from "miniflare";

const [, , root, bindings = "{}"] = process.argv;
const scripts = readdirSync(root, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith(".js"))
  .map((entry) => join(entry.parentPath, entry.name))
  // The first is the main module.
  .toSorted(
    (left, right) => Number(relative(root, right) === "index.js") - Number(relative(root, left) === "index.js"),
  );
const miniflare = new Miniflare({
  host: "127.0.0.1",
  port: 0,
  cf: false,
  log: new Log(LogLevel.NONE),
  modulesRoot: root,
  modules: scripts.map((path) => ({ type: "ESModule", path })),
  compatibilityDate: "2026-07-01",
  compatibilityFlags: ["nodejs_compat"],
  bindings: JSON.parse(bindings),
});
const { port } = await miniflare.ready;
console.log(port);
process.on("SIGTERM", () => void miniflare.dispose().then(() => process.exit(0)));
