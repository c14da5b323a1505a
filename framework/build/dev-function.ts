/** One function in development: its routes in, its current build out, made anew after a change. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type BuildContext, type BuildResult, context } from "esbuild";
import type { LoadedFunction } from "../model/invocation.ts";
import { type DevBuild, recallFunction, rememberFunction } from "./dev-memory.ts";
import { makeRoom, writeBuild } from "./dev-output.ts";
import { type DevOptions, tellOutside } from "./dev-options.ts";
import { functionEntry, type ScannedRoute } from "./entry.ts";
import { orUserError } from "./errors.ts";
import { type FunctionPlan, functionSettings } from "./group.ts";
import { createLeanJudge, type LeanJudge, mayBeLean } from "./lean.ts";
import { type LightPart, lightPart, withoutLight } from "./light-part.ts";
import { bundleOptions, isImportable, readOutputs } from "./options.ts";
import { withRuntimeFiles } from "./plugin.ts";
import { urlEntry } from "./router-entry.ts";
import { guessMethods, type Scan, scanRoutes } from "./scan.ts";
import { cloning, lightDoubt, wantsLight } from "./web-classes.ts";

/** Milliseconds after which a function that was not built in this process is linked once, so that an edit of it links what is new alone. */
const warmAfterMs = 300;

/** What esbuild made of an entry. */
interface Linked {
  readonly result: Pick<BuildResult<ReturnType<typeof devOptions>>, "metafile">;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Holds an esbuild context and the last build's inputs. */
export class DevFunction {
  readonly routes: FunctionPlan["routes"];
  readonly #options: DevOptions;
  readonly #plan: FunctionPlan;
  /** Of the last build: what was linked first. */
  #entry: string | undefined;
  /** That entry's link of this build. */
  #early: { readonly entry: string; done(): Linked } | undefined;
  /** Of one entry: it is given to esbuild whole, which asks for nothing then. */
  #context: { readonly entry: string; readonly made: Promise<BuildContext<ReturnType<typeof devOptions>>> } | undefined;
  #build: Promise<LoadedFunction> | undefined;
  /** Names that the last good build read. */
  #inputs: ReadonlySet<string> = new Set();
  /** False while it is built and after it failed: then it may read, or be mended by, whatever can be imported. */
  #isSure = false;
  /** Of the last good build. */
  #directory: string | undefined;
  #hash: string | undefined;
  /** Nothing was asked of it yet. */
  #isNew = true;
  /** The last good build, for who remembers it. */
  #made: Parameters<typeof rememberFunction>[2] | undefined;
  #warming: NodeJS.Timeout | undefined;
  readonly #judge: LeanJudge;
  #seen = false;
  /** Builds run one after the other: esbuild answers a rebuild that overlaps another with the other's result. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: DevOptions, plan: FunctionPlan) {
    this.#options = options;
    this.#plan = plan;
    this.routes = plan.routes;
    this.#judge = createLeanJudge(options.app.root);
  }

  /** The same promise until `invalidate` says true, or somebody deleted what was built. */
  load(): Promise<LoadedFunction> {
    if (this.#directory !== undefined && !this.#isThere(this.#directory)) this.#build = undefined;
    this.#build ??= this.#last = this.#last.then(
      () => this.#rebuild(),
      () => this.#rebuild(),
    );
    return this.#build;
  }

  /** Looked at once in a few milliseconds, however many requests come in them. */
  #isThere(directory: string): boolean {
    if (this.#seen) return true;
    this.#seen = existsSync(directory);
    if (this.#seen) setTimeout(() => (this.#seen = false), 5).unref();
    return this.#seen;
  }

  /** True when one of these names decides the build; it is then forgotten. */
  invalidate(keys: readonly string[]): boolean {
    if (!this.#build || !keys.some((key) => this.#reads(key))) return false;
    this.#build = undefined;
    return true;
  }

  /** A new file counts as read where an import of its name without the extension could find it first. */
  #reads(key: string): boolean {
    const inputs = this.#inputs;
    if (!this.#isSure && isImportable(key)) return true;
    return inputs.has(key) || inputs.has(stem(key)) || /^(?:tsconfig|package)\.json$/.test(basename(key));
  }

  async #rebuild(): Promise<LoadedFunction> {
    const known = this.#isNew ? recallFunction(this.#options, this.#plan) : undefined;
    this.#isNew = false;
    if (known) return this.#take(known);
    const started = Date.now();
    this.#isSure = false;
    this.#directory = undefined;
    this.#made = undefined;
    // While esbuild works; it fails, if it does, where the result is written.
    const room = makeRoom(join(this.#options.out, this.#plan.id), this.#hash);
    room.catch(() => undefined);
    const { app, target } = this.#options;
    const { id } = this.#plan;
    const scan = await this.#scan();
    const scanned = this.#scanned(scan);
    const light = target === "lambda" && wantsLight(app);
    let { result, files } = await this.#link(this.#entryOf(scanned, light), true);
    if (light) {
      const code = Buffer.from(files.get("index.mjs") ?? []).toString();
      // As in production; that build says why.
      if (lightDoubt(result.metafile, `portico:entry/${id}`, code)) ({ result, files } = await this.#link(this.#entryOf(scanned, false)));
      else {
        const isLean = mayBeLean(scanned, scan.modules) && (await this.#judge.isLean(result.metafile, `portico:entry/${id}`, scanned));
        files = onLight(await lightPart(isLean ? "lean" : "light"), files, code + cloning(code));
      }
    }
    const loaded = await this.#write(files, room);
    const inputs = Object.keys(result.metafile.inputs);
    this.#sure(inputs);
    const { metafile } = result;
    this.#made = { directory: loaded.directory, entry: this.#entry ?? "", inputs, metafile, names: [...files.keys()], started };
    return loaded;
  }

  #scanned({ methods }: Scan): readonly ScannedRoute[] {
    return this.#plan.routes.map((route) => ({ ...route, methods: methods.get(route.id) ?? [] }));
  }

  #entryOf(routes: readonly ScannedRoute[], light: boolean): string {
    const { app, target } = this.#options;
    // In development the gateway serves the static files, as they are now.
    const isUrl = target === "lambda" && app.lambda.front === "function-url";
    const web = light ? "light" : "platform";
    return withoutLight(isUrl ? urlEntry(routes, web) : functionEntry(target, routes, web));
  }

  /** The entry of the first build, most likely; undefined where a file cannot be read, and the scan will say why. */
  #guess(): string | undefined {
    const { app, target } = this.#options;
    const guessed: ScannedRoute[] = [];
    for (const route of this.#plan.routes) {
      const text = textOf(join(app.root, route.file));
      if (text === undefined) return undefined;
      guessed.push({ ...route, methods: guessMethods(text) });
    }
    return this.#entryOf(guessed, target === "lambda" && wantsLight(app));
  }

  /** What the routes export, while the entry of the last build is linked already: most edits leave them as they are. */
  async #scan(): Promise<Scan> {
    const last = this.#entry ?? this.#guess();
    // The longer of both first. What this one says counts only when it is asked for, and it may say it before the scan is done.
    const early = last === undefined ? undefined : this.#relink(last).then(given, thrown);
    const scanning = scanRoutes(this.#options.app.root, this.#options.target, this.#plan.routes);
    try {
      const scan = await scanning;
      this.#foresee(scan);
      return scan;
    } finally {
      // Two rebuilds of one context must not overlap.
      const done = await early;
      this.#early = last !== undefined && done ? { entry: last, done } : undefined;
    }
  }

  /** Has ready, while esbuild links, what will most likely be needed then; what goes wrong is told by who needs it. */
  #foresee(scan: Scan): void {
    const { app, target } = this.#options;
    if (target !== "lambda" || !wantsLight(app)) return;
    this.#judge
      .foresee(this.#scanned(scan), scan.modules)
      .then((isLean) => lightPart(isLean ? "lean" : "light"))
      .catch(() => undefined);
  }

  /** @param isFirst of this build */
  async #link(entry: string, isFirst = false): Promise<Linked> {
    const early = this.#early?.entry === entry ? this.#early : undefined;
    this.#early = undefined;
    if (isFirst) this.#entry = entry;
    return early ? early.done() : this.#relink(entry);
  }

  async #relink(entry: string): Promise<Linked> {
    if (this.#context?.entry !== entry) {
      const before = this.#context;
      this.#context = { entry, made: context(devOptions(this.#options, this.#plan.id, entry)) };
      await (await before?.made)?.dispose();
    }
    const result = await orUserError(this.#options.app.root, (await this.#context.made).rebuild());
    return { result, files: readOutputs(this.#options.app.root, result.outputFiles) };
  }

  async #write(files: ReadonlyMap<string, Uint8Array>, room: Promise<void>): Promise<LoadedFunction> {
    const { app, env, out } = this.#options;
    const { id } = this.#plan;
    const settings = functionSettings(app, this.#plan);
    const hash = createHash("sha256").update(JSON.stringify([env, settings]));
    for (const [name, bytes] of files) hash.update(`${name}\0`).update(bytes);
    const digest = hash.digest("hex").slice(0, 16);
    const directory = join(out, id, digest);
    await writeBuild(directory, files, room);
    return this.#loaded(directory);
  }

  #loaded(directory: string): LoadedFunction {
    this.#directory = directory;
    this.#hash = basename(directory);
    return {
      id: this.#plan.id,
      hash: this.#hash,
      directory,
      main: "index.mjs",
      ...functionSettings(this.#options.app, this.#plan),
      env: this.#options.env,
    };
  }

  #sure(keys: readonly string[]): void {
    this.#inputs = new Set([...keys, ...keys.map(stem), ...this.routes.flatMap(({ file, middleware }) => [file, ...middleware])]);
    this.#isSure = true;
    tellOutside(this.#options, keys);
  }

  /** The build of an earlier process. */
  #take({ directory, entry, inputs }: DevBuild): LoadedFunction {
    this.#entry = entry;
    this.#sure(inputs);
    const warm = (): unknown => (this.#last = this.#last.then(() => this.#relink(entry)).catch(() => undefined));
    this.#warming = setTimeout(warm, warmAfterMs).unref();
    return this.#loaded(directory);
  }

  /** Keeps the current build for the next start, unless it is not known whether it is. */
  remember(): void {
    if (this.#made && this.#build && this.#isSure) rememberFunction(this.#options, this.#plan, this.#made);
  }

  async close(): Promise<void> {
    clearTimeout(this.#warming);
    await this.#last.catch(() => undefined);
    await (await this.#context?.made)?.dispose();
  }
}

const devOptions = ({ app, target }: DevOptions, id: string, entry: string) => ({
  ...bundleOptions({ root: app.root, target, entries: new Map() }, "development"),
  sourcemap: "linked" as const,
  assetNames: "[name]-[hash]",
  // By its text and with files for ours: each question of esbuild's would wait for this thread, which has other things to do when dev starts.
  stdin: { contents: withRuntimeFiles(entry), resolveDir: app.root, sourcefile: `portico:entry/${id}` },
  entryNames: "index",
  outExtension: { ".js": ".mjs" },
});

function onLight(part: LightPart, files: Linked["files"], code: string): Linked["files"] {
  const joined = [
    ["index.mjs", part.join(Buffer.from(code))],
    ["index.mjs.map", part.joinMap(files.get("index.mjs.map") ?? new Uint8Array())],
  ] as const;
  return new Map([...files, ...joined]);
}

const given =
  <T>(value: T) =>
  (): T =>
    value;
const thrown = (error: unknown) => (): never => {
  throw error;
};

/** Undefined of a file that cannot be read. */
function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

/** The name that an import without an extension, or of a folder, would say. */
const stem = (key: string): string => key.replace(/(?:\/index)?\.[a-z]+$/i, "");
