/** Links Lambda functions: generated entries in, one self-contained module with its source map for each out. */
import { build, type Metafile } from "esbuild";
import { type Trunk, type TrunkPlan, linkTrunks } from "./trunk.ts";
import type { BundleInput } from "./bundle.ts";
import type { ScannedRoute } from "./entry.ts";
import { orUserError, warnings } from "./errors.ts";
import { middlewareBytes } from "./graph.ts";
import { joinMaps } from "./join-maps.ts";
import { linkLeaf, type SplitFunction, splitFunction } from "./leaf.ts";
import { createLeanJudge } from "./lean.ts";
import { bundleOptions, outputKey, readOutputs } from "./options.ts";
import { createScopes } from "./scope.ts";
import { cloning, lightDoubt, wantsLight, type WebClasses } from "./web-classes.ts";
import type { Content } from "./zip.ts";

/** A function before it is linked. */
export interface Entry {
  readonly name: string;
  /** Its module on a kind of web classes. */
  readonly text: (web: WebClasses) => string;
  readonly routes: readonly ScannedRoute[];
}

/** A function's module. */
export interface LinkedFunction {
  readonly code: Content;
  readonly map: Content;
  /** What it was linked from but for its route's own file, and the entry to read that from. */
  readonly metafile: Metafile;
  readonly entry: string;
  readonly middlewareBytes: number;
}

/** One whose web classes are chosen. */
type Chosen = Omit<Entry, "text"> & { readonly text: string };

type Linked = ReadonlyMap<string, LinkedFunction>;
type LinkInput = Pick<BundleInput, "app" | "modules" | "evidence" | "warn">;

/** With the light web classes where they are wanted, lean where those are certain to do; what cannot stay as it is is linked again, which is rare. */
export async function linkFunctions(input: LinkInput, entries: readonly Entry[]): Promise<(name: string) => LinkedFunction> {
  const { app, modules, warn } = input;
  const light = wantsLight(app);
  const judge = createLeanJudge(app.root);
  const lean = light ? await select(entries, ({ routes }) => judge.foresee(routes, modules)) : [];
  const linked = new Map(
    await link(input, [
      ...choose(lean, "lean"),
      ...choose(
        entries.filter((it) => !lean.includes(it)),
        light ? "light" : "platform",
      ),
    ]),
  );
  const linkAgain = async (some: readonly Entry[], web: WebClasses): Promise<void> => {
    if (some.length) for (const [name, fn] of await link({ ...input, warn: () => {} }, choose(some, web))) linked.set(name, fn);
  };
  if (light) {
    const others = await select(lean, async ({ name, routes }) => {
      const { metafile, entry } = linked.get(name)!;
      return !(await judge.isLean(metafile, entry, routes));
    });
    await linkAgain(others, "light");
    const look = createLook();
    const doubtful = entries.filter(({ name }) => {
      const { why } = look(linked.get(name));
      if (why) warn(`the function ${name} keeps the platform's web classes, which start more slowly: ${why}`);
      return why;
    });
    for (const [name, fn] of linked) linked.set(name, { ...fn, code: [...fn.code, ...look(fn).after] });
    await linkAgain(doubtful, "platform");
  }
  return (name) => {
    const fn = linked.get(name);
    if (!fn) throw new Error(`the function ${name} was not linked`);
    return fn;
  };
}

const choose = (entries: readonly Entry[], web: WebClasses): readonly Chosen[] =>
  entries.map((entry) => ({ ...entry, text: entry.text(web) }));

async function select<Item>(items: readonly Item[], isWanted: (item: Item) => Promise<boolean>): Promise<readonly Item[]> {
  const wanted = await Promise.all(items.map(isWanted));
  return items.filter((_, at) => wanted[at]);
}

/** What the code on the light classes says: why it cannot stay on them, and what goes after it. */
interface Look {
  readonly why: string | undefined;
  readonly after: Content;
}

/** Looks at a part that several functions have, the same object, once. */
function createLook(): (fn: LinkedFunction | undefined) => Look {
  const known = new Map<Uint8Array, Look>();
  const lookAt = (part: Uint8Array, { metafile, entry }: LinkedFunction): Look => {
    const code = Buffer.from(part).toString();
    const after = cloning(code);
    return { why: lightDoubt(metafile, entry, code), after: after ? [Buffer.from(after)] : [] };
  };
  return (fn) => {
    const looks = (fn?.code ?? []).map((part) => {
      const look = known.get(part) ?? lookAt(part, fn!);
      known.set(part, look);
      return look;
    });
    return { why: looks.find(({ why }) => why)?.why, after: looks.find(({ after }) => after.length)?.after ?? [] };
  };
}

/** In two parts where that can be, as a whole else. Which way it goes hangs on the function alone, as its bytes do. */
async function link(input: LinkInput, entries: readonly Chosen[]): Promise<Linked> {
  const said = new Set<string>();
  const warn = (text: string): void => {
    if (!said.has(text)) input.warn(text);
    said.add(text);
  };
  const inParts = await linkInParts({ ...input, warn }, entries);
  const left = entries.filter(({ name }) => !inParts.has(name));
  return new Map([...inParts, ...(await linkWhole({ ...input, warn }, left))]);
}

async function linkInParts({ app, modules, evidence, warn }: LinkInput, entries: readonly Chosen[]): Promise<Linked> {
  const scopeOf = createScopes(app.root);
  const split = new Map<Chosen, SplitFunction>();
  for (const entry of entries) {
    const [route, another] = entry.routes;
    const module = modules.get(route?.file ?? "");
    const parts = route && module && !another ? splitFunction(entry.text, route.file, module, scopeOf) : undefined;
    if (parts) split.set(entry, parts);
  }
  const plans = new Map<string, TrunkPlan>([...split.values()].map(({ trunk }) => [trunk.id, trunk]));
  const trunks = await linkTrunks({ app, evidence, warn }, [...plans.values()]);
  const linked = new Map<string, LinkedFunction>();
  const left = split.entries();
  const join = async (): Promise<void> => {
    for (const [entry, parts] of left) {
      const trunk = trunks.get(parts.trunk.id);
      const fn = trunk && (await joinFunction(entry, parts, trunk));
      if (fn) linked.set(entry.name, fn);
    }
  };
  await Promise.all(Array.from({ length: lanes }, join));
  return linked;
}

/** Leaves in work at once: enough for all cores, and few for memory. */
const lanes = 16;

/** Undefined where the trunk holds the route, or the leaf cannot be one. */
async function joinFunction({ routes }: Chosen, parts: SplitFunction, trunk: Trunk): Promise<LinkedFunction | undefined> {
  const files = routes.map(({ file }) => file);
  if (files.some((file) => trunk.metafile.inputs[file])) return undefined;
  const leaf = await linkLeaf(parts, trunk);
  if (!leaf) return undefined;
  return {
    code: [trunk.code, leaf.code],
    map: joinMaps(trunk.map, leaf.map, leaf.column),
    metafile: trunk.metafile,
    entry: trunk.entry,
    middlewareBytes: middlewareBytes(trunk.metafile, trunk.entry, [trunk.output], new Set(routes.flatMap(({ middleware }) => middleware))),
  };
}

/** Functions in one call of esbuild, which holds all their bundles at once. */
const batch = 64;

async function linkWhole({ app, evidence, warn }: LinkInput, entries: readonly Chosen[]): Promise<Linked> {
  const linked = new Map<string, LinkedFunction>();
  for (let at = 0; at < entries.length; at += batch) {
    const some = entries.slice(at, at + batch);
    const texts = new Map(some.map(({ name, text }) => [`entry/${name}`, text]));
    const options = bundleOptions({ root: app.root, target: "lambda", entries: texts }, "production");
    const entryPoints = some.map(({ name }) => ({ in: `portico:entry/${name}`, out: `functions/${name}` }));
    const { metafile, outputFiles, warnings: said } = await orUserError(app.root, build({ ...options, entryPoints }));
    for (const text of warnings(said)) warn(text);
    evidence.add(metafile);
    const outputs = readOutputs(app.root, outputFiles);
    for (const { name, routes } of some) {
      const [entry, output] = [`portico:entry/${name}`, `functions/${name}.js`];
      linked.set(name, {
        code: [outputs.get(output) ?? new Uint8Array()],
        map: [outputs.get(`${output}.map`) ?? new Uint8Array()],
        metafile,
        entry,
        middlewareBytes: middlewareBytes(metafile, entry, [outputKey(output)], new Set(routes.flatMap(({ middleware }) => middleware))),
      });
    }
  }
  return linked;
}
