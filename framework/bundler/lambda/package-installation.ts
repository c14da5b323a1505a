/** Installation of hosting.json's `lambda.packages` with npm for Lambda's platform, and their files for the zips. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { App } from "../../model/app.ts";
import { UserError } from "../../model/user-error.ts";
import { temporaryPath } from "../temporary-files.ts";
import { type Closure, closureOf } from "./package-lock.ts";

/** The platform that packages are installed for. */
export interface Platform {
  /** As process.platform and process.arch. */
  readonly os: string;
  readonly cpu: string;
  /** npm's flags; none for this machine, whose platform npm detects itself. */
  readonly flags: readonly string[];
}

/** Lambda's platform; this machine's for stage local. */
export function targetPlatform({ stage, lambda }: Pick<App, "stage" | "lambda">): Platform {
  if (stage === "local") return { os: process.platform, cpu: process.arch, flags: [] };
  const cpu = lambda.architecture === "arm64" ? "arm64" : "x64";
  return { os: "linux", cpu, flags: ["--os=linux", `--cpu=${cpu}`, "--libc=glibc"] };
}

/** Everything that determines the files of the packages, as one text; empty without any. Throws as `closureOf`. */
export function packagesText(app: Pick<App, "root" | "stage" | "lambda">): string {
  const { packages = [] } = app.lambda;
  return packages.length === 0 ? "" : JSON.stringify([targetPlatform(app), closureOf(app.root, packages).lock]);
}

/** hosting.json's `packages`, installed for the functions' platform. */
export interface InstalledPackages {
  /** Absolute path of the folder with their `node_modules`. */
  readonly folder: string;
  /** Files of some packages, by their names in the zip (`node_modules/sharp/package.json`). */
  filesOf(names: readonly string[]): ReadonlyMap<string, Uint8Array>;
}

/**
 * Installs hosting.json's `packages` once for all functions, as the app's lockfile says and without install scripts,
 * and caches them in .portico. Throws as `closureOf`, and UserError PACKAGES_INSTALL, PACKAGE_UNBUILT.
 */
export async function installPackages(app: Pick<App, "root" | "stage" | "lambda">): Promise<InstalledPackages> {
  const { packages = [] } = app.lambda;
  if (packages.length === 0) return { folder: app.root, filesOf: () => new Map() };
  const closure = closureOf(app.root, packages);
  const platform = targetPlatform(app);
  const key = createHash("sha256").update(packagesText(app)).digest("hex").slice(0, 16);
  const folder = join(app.root, ".portico/packages", key);
  if (!existsSync(folder)) await install(folder, closure, platform);
  for (const [name, paths] of closure.folders) for (const path of paths) checkPrebuilt(folder, path, name, platform);
  return {
    folder,
    filesOf: (names) =>
      new Map(names.flatMap((name) => closure.folders.get(name) ?? []).flatMap((path) => filesIn(folder, path))),
  };
}

async function install(folder: string, { lock, dependencies }: Closure, { flags }: Platform): Promise<void> {
  const draft = temporaryPath(folder);
  mkdirSync(draft, { recursive: true });
  const manifest = { name: "packages", version: "1.0.0", private: true };
  writeFileSync(join(draft, "package.json"), JSON.stringify({ ...manifest, dependencies }));
  writeFileSync(
    join(draft, "package-lock.json"),
    JSON.stringify({ ...manifest, ...lock, packages: { ...lock.packages, "": { ...manifest, dependencies } } }),
  );
  const npmrc = [join(dirname(dirname(dirname(folder))), ".npmrc")].find((file) => existsSync(file));
  if (npmrc) writeFileSync(join(draft, ".npmrc"), readFileSync(npmrc));
  const args = [
    "ci",
    ...flags,
    "--ignore-scripts",
    "--omit=dev",
    "--prefer-offline",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
  ];
  const output = await run("npm", args, draft);
  if (output !== undefined) {
    rmSync(draft, { recursive: true, force: true });
    throw installError(Object.keys(dependencies), output);
  }
  try {
    renameSync(draft, folder);
  } catch (error) {
    // Another build has installed them in the meantime.
    if (!existsSync(folder)) throw error;
    rmSync(draft, { recursive: true, force: true });
  }
}

/** The output of a failed command; undefined on success. */
const run = (program: string, args: readonly string[], cwd: string): Promise<string | undefined> =>
  new Promise((done) => {
    const shell = process.platform === "win32";
    execFile(program, [...args], { cwd, shell, maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
      done(error ? `${stderr}${stdout}` || error.message : undefined),
    );
  });

const unreachable =
  /^(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ENOTCACHED|ERR_SOCKET_TIMEOUT)$/;

function installError(names: readonly string[], output: string): UserError {
  const code = /^npm (?:error|ERR!) code (\w+)/m.exec(output)?.[1] ?? "";
  const text = `npm could not install ${names.join(", ")}`;
  const cause = new Error(output.trim());
  if (unreachable.test(code))
    return new UserError(
      "PACKAGES_INSTALL",
      `${text}: no registry answers (${code})`,
      "Build once with network access; the packages are then cached in .portico/packages.",
      { cause },
    );
  if (/ENOENT/.test(output) && code === "")
    return new UserError("PACKAGES_INSTALL", `${text}: there is no npm`, "Install npm; it comes with Node.", { cause });
  const line =
    output
      .split("\n")
      .find((one) => /^npm (?:error|ERR!) (?!code)/.test(one))
      ?.replace(/^npm (?:error|ERR!) /, "") ?? output.trim().split("\n")[0];
  return new UserError(
    "PACKAGES_INSTALL",
    `${text}: ${code} ${line}`,
    "Run npm ci in the app to see the same error for the whole lockfile.",
    { cause },
  );
}

/** Install scripts do not run, so native code must be in the package or in one for the platform. */
function checkPrebuilt(folder: string, path: string, name: string, { os, cpu }: Platform): void {
  const packageFolder = join(folder, path);
  if (!existsSync(join(packageFolder, "package.json"))) return;
  const { optionalDependencies = {} } = JSON.parse(readFileSync(join(packageFolder, "package.json"), "utf8")) as {
    readonly optionalDependencies?: Readonly<Record<string, string>>;
  };
  const parts = Object.keys(optionalDependencies).filter((part) => part.replace("/", "-").includes(`-${os}-${cpu}`));
  const installed = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
  const subject = installed === name ? installed : `${installed}, which ${name} needs,`;
  if (parts.length > 0) {
    if (
      parts.some(
        (part) =>
          existsSync(join(folder, "node_modules", part)) || existsSync(join(packageFolder, "node_modules", part)),
      )
    )
      return;
    throw new UserError(
      "PACKAGE_UNBUILT",
      `${subject} has a package for ${os}-${cpu} (${parts.join(", ")}), which package-lock.json lacks`,
      "Remove node_modules and package-lock.json and run npm install: npm then records packages for all platforms.",
    );
  }
  const isPrebuilt =
    existsSync(join(packageFolder, "prebuilds")) &&
    readdirSync(join(packageFolder, "prebuilds")).some(
      (part) => part.startsWith(`${os}-${cpu}`) || (part.startsWith(`${os}-`) && part.includes(cpu)),
    );
  if (!existsSync(join(packageFolder, "binding.gyp")) || isPrebuilt) return;
  throw new UserError(
    "PACKAGE_UNBUILT",
    `${subject} is compiled by an install script, and contains nothing prebuilt for ${os}-${cpu}`,
    "Use a package that is prebuilt for every platform, " +
      "such as @node-rs/bcrypt for bcrypt or node:sqlite for better-sqlite3.",
  );
}

/** A package's files without nested packages, which the lockfile lists separately. */
function filesIn(folder: string, path: string): readonly (readonly [name: string, bytes: Uint8Array])[] {
  const packageFolder = join(folder, path);
  if (!existsSync(packageFolder)) return [];
  return readdirSync(packageFolder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isFile()) return [[`${path}/${entry.name}`, readFileSync(join(packageFolder, entry.name))] as const];
    return entry.isDirectory() && entry.name !== "node_modules" ? filesIn(folder, `${path}/${entry.name}`) : [];
  });
}
