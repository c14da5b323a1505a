/** The production build of many routes against one raw esbuild call over the same files: time, time when nothing changed, and memory. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { buildGenerated } from "./build-generated.ts";
import { buildRaw } from "./build-raw.ts";
import { generateApp, type Kind } from "./generate.ts";
import { compare, type Measured, time } from "./measure.ts";
import { peakMemory } from "./peak-memory.ts";

/** Discover, scan, bundle, zip, hash and manifest against bundling alone. */
export async function build(): Promise<readonly Measured[]> {
  const measured: Measured[] = [];
  for (const [kind, target, bar] of [
    ["hono", "lambda", "<= 1.3"],
    ["own", "lambda", undefined],
    ["plain", "lambda", undefined],
    ["hono", "workers", undefined],
  ] as const) {
    const root = await generateApp(300, kind);
    const what = { against, unit: "ms", rounds: 5, ...(bar && { bar }) };
    const raw = (): Promise<number> => time(() => buildRaw(root, target));
    const ours = (): Promise<number> => time(() => buildGenerated(root, target));
    const fromNothing = async (): Promise<number> => {
      await rm(join(root, ".portico"), { recursive: true, force: true });
      return ours();
    };
    measured.push(await compare({ ...what, name: `build of 300 ${kinds[kind]}, ${target}` }, fromNothing, raw));
    if (bar) measured.push(await compare({ ...what, name: `build of 300 unchanged ${kinds[kind]}, ${target}`, bar: "<= 0.1" }, ours, raw));
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
  const peak = (who: "portico" | "raw") => async () => {
    await rm(join(root, ".portico"), { recursive: true, force: true });
    return peakMemory(process.execPath, [join(import.meta.dirname, "build-once.ts"), root, who]);
  };
  const what = { name: `peak memory of a build of 1,000 ${kinds[kind]}, lambda`, against, unit: "MB", rounds: 1, bar: "value <= 800" };
  const measured = await compare(what, peak("portico"), peak("raw"));
  await rm(root, { recursive: true });
  return measured;
}
