/** The published package of this checkout, built and installed beside its dependencies for benches. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { repository } from "../e2e/portico.ts";

/** An installed package. */
export interface Installed {
  /** `node_modules/portico/framework/cli/bin.js`. */
  readonly bin: string;
  remove(): Promise<void>;
}

/** The layout of `npm install`, with links to this checkout's dependencies. */
export async function installPackage(): Promise<Installed> {
  const folder = await mkdtemp(join(tmpdir(), "portico-bench-package-"));
  const [modules, theirs] = [join(folder, "node_modules"), join(repository, "node_modules")];
  await mkdir(modules);
  const names = (await readdir(theirs)).filter((name) => !name.startsWith(".") && name !== "portico");
  await Promise.all(names.map((name) => symlink(join(theirs, name), join(modules, name))));
  await promisify(execFile)(process.execPath, [join(repository, ".ci/build.ts"), join(modules, "portico")]);
  return { bin: join(modules, "portico", "framework/cli/bin.js"), remove: () => rm(folder, { recursive: true }) };
}
