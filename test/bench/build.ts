/**
 * Bench of the production build against one raw esbuild call over the same files: time, time without changes, memory.
 */
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buildGenerated, buildRaw } from "./builders.ts";
import { generateApp, type Kind } from "./generated-app.ts";
import { compare, type Measured, time } from "./measurement.ts";
import { peakMemory } from "./peak-memory.ts";

/** Discover, scan, bundle, zip, hash and manifest against bundling alone. */
export async function build(): Promise<readonly Measured[]> {
  const measured: Measured[] = [];
  for (const [kind, target, bar] of [
    ["hono", "lambda", "<= 2"],
    ["own", "lambda", undefined],
    ["plain", "lambda", undefined],
    ["hono", "workers", undefined],
  ] as const) {
    const root = await generateApp(300, kind);
    const setup = { against, unit: "ms", rounds: 5, ...(bar && { bar }) };
    const raw = (): Promise<number> => time(() => buildRaw(root, target));
    const ours = (): Promise<number> => time(() => buildGenerated(root, target));
    const fromNothing = async (): Promise<number> => {
      await rm(join(root, ".portico"), { recursive: true, force: true });
      return ours();
    };
    measured.push(await compare({ ...setup, name: `build of 300 ${kinds[kind]}, ${target}` }, fromNothing, raw));
    if (bar) {
      let edits = 0;
      const afterAnEdit = async (): Promise<number> => {
        await writeFile(join(root, "functions/r7.ts"), `export const GET = () => new Response("edit ${edits++}");\n`);
        return ours();
      };
      await ours();
      const changed = { ...setup, name: `build of 300 ${kinds[kind]} after one edit, ${target}`, bar: "<= 0.25" };
      measured.push(await compare(changed, afterAnEdit, raw));
      // The last edit is a moment old by then, so that it is remembered.
      await ours();
      measured.push(
        await compare({ ...setup, name: `build of 300 unchanged ${kinds[kind]}, ${target}`, bar: "<= 0.1" }, ours, raw),
      );
    }
    await rm(root, { recursive: true });
  }
  for (const kind of ["hono", "own"] as const) measured.push(await memory(kind));
  return measured;
}

const against = "one raw esbuild call over the same files";

const kinds: Readonly<Record<Kind, string>> = {
  plain: "plain routes",
  hono: "routes with Hono",
  own: "routes with Hono and a module of their own",
  mixed: "routes of which half have Hono",
};

/** Resident memory of the builder and of esbuild's process, together. */
async function memory(kind: Kind): Promise<Measured> {
  const root = await generateApp(1000, kind);
  const peak = (builder: "portico" | "raw") => async () => {
    await rm(join(root, ".portico"), { recursive: true, force: true });
    return peakMemory(process.execPath, [join(import.meta.dirname, "build-once.ts"), root, builder]);
  };
  const setup = {
    name: `peak memory of a build of 1,000 ${kinds[kind]}, lambda`,
    against,
    unit: "MB",
    rounds: 1,
    bar: "value <= 800",
  };
  const measured = await compare(setup, peak("portico"), peak("raw"));
  await rm(root, { recursive: true });
  return measured;
}
