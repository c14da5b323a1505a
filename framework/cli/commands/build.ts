/** `portico build`: the app's files in, `.portico/build/<target>/` with its manifest out. */
import { join, relative } from "node:path";
import { buildApp } from "../../build/build.ts";
import { loadApp } from "../../config/load.ts";
import type { App } from "../../model/app.ts";
import type { Manifest } from "../../model/manifest.ts";
import type { Target } from "../../model/target.ts";
import { UserError } from "../../model/user-error.ts";
import { discoverAssets } from "../../routes/assets.ts";
import { discover } from "../../routes/discover.ts";
import type { CommandInput } from "../command.ts";
import { appFlags } from "../flags.ts";

/** Where a target's build is. */
export const buildFolder = (app: Pick<App, "root">, target: Target): string => join(app.root, ".portico", "build", target);

/** Builds one target of an app, from discovery to the manifest. Throws UserError NO_ROUTES for a folder that is no app. */
export async function buildTarget(app: App, target: Target, warn: (text: string) => void = () => {}): Promise<Manifest> {
  const [routes, assets] = await Promise.all([discover(app.root), discoverAssets(app.root, app.assets, { headers: app.headers, warn })]);
  if (routes.length + assets.length === 0) {
    throw new UserError(
      "NO_ROUTES",
      `${app.root} has no functions/ folder with a route in it`,
      "write functions/index.ts, or run portico init",
    );
  }
  return buildApp({ app, routes, assets, target, out: buildFolder(app, target), warn });
}

/** The command; builds every target that hosting.json names, or the one given. */
export async function build(input: CommandInput): Promise<number> {
  const { reporter } = input;
  const app = await loadApp(appFlags(input, "dev"));
  const started = performance.now();
  for (const target of app.targets) {
    const manifest = await buildTarget(app, target, (text) => reporter.warn(text));
    const out = relative(input.cwd, buildFolder(app, target)) || ".";
    for (const { id, bytes, hash } of manifest.functions) {
      reporter.line(`${id.padEnd(32)} ${formatBytes(bytes).padStart(9)}  ${reporter.paint("dim", hash.slice(0, 12))}`);
    }
    const summary = `${target}: ${manifest.functions.length} functions, ${manifest.assets.length} assets → ${out} in ${Math.round(performance.now() - started)} ms`;
    reporter.result(summary, { target, out, functions: manifest.functions, assets: manifest.assets.length });
  }
  return 0;
}

/** `1.9 KB`; KB are 1,024 bytes. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
