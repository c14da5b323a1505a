/** Bench of the build of real packages, those of docs/packages.md, against one raw esbuild call over the routes. */
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { installApp } from "../packages/installation.ts";
import { buildGenerated, buildRaw } from "./builders.ts";
import { compare, type Measured, time } from "./measurement.ts";

/** From nothing, and when nothing has changed. */
export async function packages(): Promise<readonly Measured[]> {
  const { root, external, count } = await makeApp();
  const against = "one raw esbuild call over the same files";
  const raw = (): Promise<number> => time(() => buildRaw(root, "lambda", external));
  const ours = (): Promise<number> => time(() => buildGenerated(root, "lambda"));
  const fromNothing = async (): Promise<number> => {
    await rm(join(root, ".portico"), { recursive: true, force: true });
    return ours();
  };
  const setup = { against, unit: "ms", rounds: 3 };
  const name = `build of ${count} package routes`;
  const measured = [
    await compare({ ...setup, name: `${name}, lambda`, bar: "<= 2" }, fromNothing, raw),
    await compare({ ...setup, name: `${name}, unchanged, lambda`, bar: "<= 0.2" }, ours, raw),
  ];
  await rm(root, { recursive: true });
  return measured;
}

/** A route per package, without those that need `npx prisma generate` or are installed into zips instead of bundled. */
async function makeApp(): Promise<{
  readonly root: string;
  readonly external: readonly string[];
  readonly count: number;
}> {
  const installed = installApp();
  const { external, lambda } = JSON.parse(await readFile(join(installed, "hosting.json"), "utf8")) as {
    readonly external: readonly string[];
    readonly lambda: { readonly packages: readonly string[] };
  };
  const left = new Set([...external, ...lambda.packages, "prisma-client"].map((name) => `${name}.ts`));
  const root = await mkdtemp(join(tmpdir(), "portico-bench-packages-"));
  const functions = join(root, "functions");
  await symlink(join(installed, "node_modules"), join(root, "node_modules"));
  await cp(join(installed, "functions"), functions, { recursive: true, filter: (path) => !left.has(basename(path)) });
  await cp(join(installed, "tsconfig.json"), join(root, "tsconfig.json"));
  await writeFile(join(root, "hosting.json"), JSON.stringify({ name: "packages", external }));
  const count = (await readdir(functions)).filter((name) => name.endsWith(".ts")).length;
  return { root, external: [...external, ...lambda.packages], count };
}
