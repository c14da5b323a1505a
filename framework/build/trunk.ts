/** What a route imports, linked once for all functions that import the same: generated entries in, minified code with names to use it by out. */
import { createHash } from "node:crypto";
import { posix } from "node:path";
import { build, type Metafile } from "esbuild";
import type { BundleInput } from "./bundle.ts";
import { orUndefined, warnings } from "./errors.ts";
import { type MapHead, mapHead, type SourceMap } from "./join-maps.ts";
import { exportClause, type Import } from "./module-text.ts";
import { bundleOptions, outputKey, readOutputs } from "./options.ts";

/** A trunk before it is linked; equal ones have equal ids. */
export interface TrunkPlan {
  readonly id: string;
  readonly text: string;
  /** From where its packages are looked for, relative to the root. */
  readonly folder: string;
  /** Which of its exports stands for a name that the function uses. */
  readonly exports: ReadonlyMap<string, string>;
}

/** A linked trunk. */
export interface Trunk {
  /** Lines without an export clause: what follows them in the same module sees their names. */
  readonly code: Buffer;
  /** The name in `code` of each export. */
  readonly locals: ReadonlyMap<string, string>;
  readonly map: MapHead;
  readonly metafile: Metafile;
  /** Its generated entry in the metafile, and its output. */
  readonly entry: string;
  readonly output: string;
}

/** Global names so short that esbuild could give them to something of a large trunk. A mention that goes away keeps it from that. */
export const shortGlobals: readonly string[] = ["URL", "Map", "Set", "NaN", "gc"];

/** @param imports in the order of evaluation, relative ones to the root. Undefined where one name means two things. */
export function planTrunk(imports: readonly Import[], folder: string): TrunkPlan | undefined {
  const numbers = new Map<string, string>();
  const exports = new Map<string, string>();
  const lines = [`(() => [${shortGlobals.join(", ")}]);`];
  for (const { from, names } of imports) {
    const specifier = JSON.stringify(/^\.\.?\//.test(from) ? toRelative(folder, from) : from);
    if (names.length === 0) lines.push(`import ${specifier};`);
    for (const name of [...new Set(names.map((it) => it.name))].toSorted()) {
      const key = `${name} ${from}`;
      if (numbers.has(key)) continue;
      numbers.set(key, `$${numbers.size}`);
      lines.push(
        name === "*"
          ? `export * as ${numbers.get(key)} from ${specifier};`
          : `export { ${name} as ${numbers.get(key)} } from ${specifier};`,
      );
    }
    for (const { name, local } of names) {
      const number = numbers.get(`${name} ${from}`) ?? "";
      if ((exports.get(local) ?? number) !== number) return undefined;
      exports.set(local, number);
    }
  }
  const text = [...lines, ""].join("\n");
  return { id: createHash("sha256").update(`${folder}\0${text}`).digest("hex").slice(0, 16), text, folder, exports };
}

function toRelative(folder: string, from: string): string {
  const path = posix.relative(folder, posix.normalize(from));
  return path.startsWith(".") ? path : `./${path}`;
}

/** Trunks in one call of esbuild; a thousand large ones in one would take gigabytes. */
const batch = 32;

/** Trunks by id. One that does not build, or cannot be shared, is missing: its functions are linked alone, which says what is wrong. */
export async function linkTrunks(input: LinkInput, plans: readonly TrunkPlan[]): Promise<ReadonlyMap<string, Trunk>> {
  const trunks = new Map<string, Trunk>();
  const link = async (some: readonly TrunkPlan[]): Promise<void> => {
    const linked = await linkTogether(input, some);
    if (linked) for (const [id, trunk] of linked) trunks.set(id, trunk);
    else if (some.length > 1) for (const plan of some) await link([plan]);
  };
  for (let at = 0; at < plans.length; at += batch) await link(plans.slice(at, at + batch));
  return trunks;
}

type LinkInput = Pick<BundleInput, "app" | "evidence" | "warn">;

/** Undefined when one of them does not build, or esbuild warns about a generated line. */
async function linkTogether(
  { app: { root }, evidence, warn }: LinkInput,
  plans: readonly TrunkPlan[],
): Promise<ReadonlyMap<string, Trunk> | undefined> {
  const names = {
    root,
    target: "lambda",
    entries: new Map(plans.map(({ id, text }) => [`trunk/${id}`, text])),
    folders: new Map(plans.map(({ id, folder }) => [`trunk/${id}`, folder])),
  } as const;
  const entryPoints = plans.map(({ id }) => ({ in: `portico:trunk/${id}`, out: `trunk/${id}` }));
  const result = await orUndefined(build({ ...bundleOptions(names, "production"), entryPoints }));
  if (!result || result.warnings.some(({ location }) => location?.file.startsWith("portico:trunk/"))) return undefined;
  for (const text of warnings(result.warnings)) warn(text);
  evidence.add(result.metafile, new Map(plans.map(({ id, folder }) => [`portico:trunk/${id}`, folder])));
  const outputs = readOutputs(root, result.outputFiles);
  const trunks = plans.map(({ id }) => [id, toTrunk(id, outputs, result.metafile)] as const);
  return new Map(trunks.filter((pair): pair is readonly [string, Trunk] => pair[1] !== undefined));
}

/** Undefined where its code could not stand before other code: names that `eval` may look up, or CommonJS, whose meaning depends on the importer. */
function toTrunk(id: string, outputs: ReadonlyMap<string, Uint8Array>, metafile: Metafile): Trunk | undefined {
  const entry = `portico:trunk/${id}`;
  const imported = metafile.inputs[entry]?.imports ?? [];
  if (imported.some(({ path, external }) => !external && metafile.inputs[path]?.format === "cjs")) return undefined;
  const text = Buffer.from(outputs.get(`trunk/${id}.js`) ?? []).toString();
  const clause = exportClause(text);
  if (!clause || /\beval\b/.test(text)) return undefined;
  const code = `${text.slice(0, clause.start)}\n`;
  return {
    code: Buffer.from(code),
    locals: clause.locals,
    map: mapHead(JSON.parse(Buffer.from(outputs.get(`trunk/${id}.js.map`) ?? []).toString()) as SourceMap, code),
    metafile,
    entry,
    output: outputKey(`trunk/${id}.js`),
  };
}
