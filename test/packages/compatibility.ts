/**
 * Compatibility of each package with a target: its route is built, requested in development, and requested in
 * isolation.
 */
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildApp } from "../../framework/bundler/build.ts";
import { loadApp } from "../../framework/config/app-loader.ts";
import type { App } from "../../framework/model/app.ts";
import type { Route } from "../../framework/model/route.ts";
import type { Target } from "../../framework/model/target.ts";
import { UserError } from "../../framework/model/user-error.ts";
import { discoverRoutes } from "../../framework/routes/route-discovery.ts";
import { start } from "../e2e/portico.ts";
import { type IsolatedRequest, isolatedRequests } from "./isolated-run.ts";
import type { PackageCase } from "./package-list.ts";

/** `yes`, or the reason: an error's code, or the response that differs from plain Node's. */
export type Outcome = string;

/** One package on one target. */
export interface Row {
  readonly build: Outcome;
  readonly dev: Outcome;
  /** The production build, run in isolation. */
  readonly isolated: Outcome;
}

/** Measures all packages on a target. @param root the installed app's folder */
export async function measure(
  root: string,
  target: Target,
  packages: readonly PackageCase[],
): Promise<ReadonlyMap<string, Row>> {
  const loaded = await loadApp({ root, stage: "dev" });
  // Native code runs on this machine.
  const architecture = process.arch === "arm64" ? "arm64" : "x86_64";
  const app = { ...loaded, targets: [target], lambda: { ...loaded.lambda, architecture } } as const;
  const routes = await discoverRoutes(root);
  const folder = mkdtempSync(join(tmpdir(), `portico-packages-${target}-`));
  try {
    const built = new Map<string, Outcome>();
    for (const { route } of packages)
      built.set(route, await buildOne({ app, target, out: outOf(folder, target, route) }, routes, route));
    const works = packages.filter(({ route }) => built.get(route) === "yes");
    if (target === "node") for (const { route } of works) addAppFiles(root, join(folder, route));
    const dev = await requestDev(root, target, works);
    const isolated = await requestIsolated(isolatedRequests[target], works, ({ route }) =>
      outOf(folder, target, route),
    );
    return new Map(
      packages.map(({ route }) => {
        const outcome = built.get(route) ?? "no route";
        return [route, { build: outcome, dev: dev.get(route) ?? outcome, isolated: isolated.get(route) ?? outcome }];
      }),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The build's folder of one package, where `portico start` looks for it. */
const outOf = (folder: string, target: Target, route: string): string =>
  join(folder, route, ".portico", "build", target);

/**
 * Links the app's files, since on Node the app's packages are available. `portico start` allows those in hosting.json.
 */
function addAppFiles(root: string, folder: string): void {
  for (const name of ["node_modules", "hosting.json", "functions"]) symlinkSync(join(root, name), join(folder, name));
}

interface BuildTarget {
  readonly app: App;
  readonly target: Target;
  readonly out: string;
}

async function buildOne(options: BuildTarget, routes: readonly Route[], name: string): Promise<Outcome> {
  const own = routes.filter(({ file }) => file === `functions/${name}.ts`);
  try {
    await buildApp({ ...options, routes: own, assets: [] });
    return "yes";
  } catch (error) {
    if (error instanceof UserError) return error.code;
    throw error;
  }
}

async function requestIsolated(
  request: IsolatedRequest,
  packages: readonly PackageCase[],
  outOfPackage: (item: PackageCase) => string,
): Promise<Map<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  for (const item of packages)
    outcomes.set(item.route, compareAnswer(await request(outOfPackage(item), `/${item.route}`), item.answer));
  return outcomes;
}

/** Requests all routes from one `portico dev`, which builds each function on demand. */
async function requestDev(
  root: string,
  target: Target,
  packages: readonly PackageCase[],
): Promise<Map<string, Outcome>> {
  const dev = start(["dev", "--target", target, "--port", "0"], root);
  const outcomes = new Map<string, Outcome>();
  try {
    const [origin] = await dev.until(/http:\/\/127\.0\.0\.1:\d+/);
    for (const { route, answer } of packages) {
      const response = await fetch(`${origin}/${route}`);
      outcomes.set(route, compareAnswer(await response.text(), answer));
    }
    return outcomes;
  } finally {
    await dev.stop();
  }
}

/** `yes` for an equal response, else its first line. */
const compareAnswer = (text: string, answer: string): Outcome =>
  text === answer ? "yes" : text.split("\n", 1).join().slice(0, 200);
