/** `npm run build [-- dir]`: the sources in, dist/ (or `dir`) out: JavaScript, declarations and a package.json of its own, the command line in a few files, ready for `npm pack dist`. */
import { spawnSync } from "node:child_process";
import { copyFileSync, cpSync, existsSync, globSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { readFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { linkedFile, linkLight } from "../framework/build/light-part.ts";
import { type BuildOptions, build as bundle, type Metafile, type Plugin, transform } from "esbuild";

/** The part of a package.json that is read here. */
interface SourcePackage {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly type: string;
  readonly engines: Readonly<Record<string, string>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** What an app brings itself only for the workers target, since it weighs 200 MB; loaded where it is found, so that no import shows it. */
const optionalPeers: Readonly<Record<string, object>> = { miniflare: { optional: true } };

/** What an app brings itself. */
const peers: readonly string[] = ["hono", ...Object.keys(optionalPeers)];

/** Packages whose code goes into ours: each is a few files that every start would look for. Their licences go with it. */
const taken: readonly string[] = ["commander", "jsonc-parser"];

/** A table of a package that an app brings itself: to find it took a start as long as to read all of ours. */
const table = { name: "hono/utils/mime", file: "hono/dist/utils/mime.js", licence: "hono" } as const;

/** Any hono of the same major version; of miniflare only what is as new, since the newest compatibility date follows from it. */
const peerRange = (peer: string, version: string): string => `^${peer in optionalPeers ? version : version.split(".")[0]}`;

/** The published package.json: built from the repository's own, so that there is one place to edit. */
function toPublished(source: SourcePackage): Record<string, unknown> {
  const { name, version, description, license, type, engines, bin, dependencies, devDependencies } = source;
  const versions = { ...devDependencies, ...dependencies };
  return {
    name,
    version,
    description,
    license,
    type,
    engines,
    bin,
    exports: Object.fromEntries(Object.entries(source.exports).map(([path, file]) => [path, toBuilt(file)])),
    files: ["framework", "deploy", "THIRD-PARTY.txt"],
    dependencies: Object.fromEntries(Object.entries(dependencies).filter(([used]) => !peers.includes(used) && !taken.includes(used))),
    peerDependencies: Object.fromEntries(peers.map((peer) => [peer, peerRange(peer, versions[peer] ?? "")])),
    peerDependenciesMeta: optionalPeers,
  };
}

function toBuilt(file: string): string | { types: string; default: string } {
  if (!file.endsWith(".ts")) return file;
  const stem = file.slice(0, -".ts".length);
  return { types: `${stem}.d.ts`, default: `${stem}.js` };
}

/** Specifiers of packages and Node's modules that the built code and its declarations import. */
async function externalImports(dist: string): Promise<Set<string>> {
  const files = (extension: string): string[] =>
    globSync(`{framework,deploy}/**/*.${extension}`, { cwd: dist, exclude: ["framework/cli/template/**"] });
  const options = {
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    metafile: true,
    write: false,
    outdir: "out",
  } as const;
  const { metafile } = await bundle({ ...options, absWorkingDir: dist, entryPoints: [...files("js"), ...files("mjs"), ...files("cjs")] });
  const code = Object.values(metafile.inputs).flatMap(({ imports }) => imports.filter(({ external }) => external).map(({ path }) => path));
  const types = files("d.ts").flatMap((file) => {
    const text = readFileSync(join(dist, file), "utf8");
    return [...text.matchAll(/^(?:import|export)\b[^;]*?\bfrom\s+["']([^"']+)["']/gm)].map(([, specifier = ""]) => specifier);
  });
  return new Set([...code, ...types]);
}

/** What the built code imports and package.json does not give, or gives for nothing; empty when they agree. */
async function dependencyErrors(dist: string, published: Record<string, unknown>): Promise<string[]> {
  const given = Object.keys({ ...(published["dependencies"] as object), ...(published["peerDependencies"] as object) });
  // What is written for workerd imports its own modules there.
  const outside = [...(await externalImports(dist))].filter(
    (specifier) => !/^(?:[./]|cloudflare:)/.test(specifier) && !isBuiltin(specifier),
  );
  const used = new Set(outside.map((specifier) => specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/")));
  used.delete(published["name"] as string);
  return [
    ...[...used].filter((name) => !given.includes(name)).map((name) => `${name} is imported but no dependency of the package`),
    ...given
      .filter((name) => !used.has(name) && !(name in optionalPeers))
      .map((name) => `${name} is a dependency of the package but never imported`),
  ];
}

/** Modules of a folder, moved into one file of another, still find what lies beside where they were. */
const keepPlaces = (dist: string, to: string): Plugin => ({
  name: "places",
  setup: ({ onLoad }) => {
    onLoad({ filter: /\.js$/ }, async ({ path }) => {
      // A package's, which is whole in one file afterwards.
      if (relative(realpathSync(dist), path).startsWith("..")) return undefined;
      const text = await readFile(path, "utf8");
      if (!text.includes("import.meta.url")) return undefined;
      const { code } = await transform(text, { define: { "import.meta.url": "porticoPlace" } });
      const place = JSON.stringify(relative(realpathSync(to), path).replaceAll("\\", "/"));
      return { contents: `const porticoPlace = new URL(${place}, import.meta.url).href;\n${code}`, loader: "js" };
    });
  },
});

/** What other files in the package are: read by a build, or behind an export. */
const staysWhole = /^framework\/(?:light|model|node|runtime)\//;

/** `import { a as b } from "node:x"`, as esbuild prints it. */
const builtinImport = /^import (?:(?<whole>\w+)|\{(?<named>[^}]+)\}) from "(?<name>node:[\w/]+)";$/gm;

/**
 * Whoever imports one of Node's modules makes it give all that it can, and much of that is loaded only then: two thirds of `node:util`, and
 * with `node:http` the implementation of fetch (docs/decisions/036). To ask for a few names does not.
 */
const withPlainBuiltins = (code: string): string =>
  code.replaceAll(builtinImport, (...found) => {
    const { whole, named, name } = found.at(-1) as Readonly<Record<"whole" | "named" | "name", string | undefined>>;
    return `const ${whole ?? `{${named?.replaceAll(" as ", ": ")}}`} = process.getBuiltinModule("${name}");`;
  });

const takeTable = (modules: string): Plugin => ({
  name: "table",
  setup: ({ onResolve }) => onResolve({ filter: new RegExp(`^${table.name}$`) }, () => ({ path: join(modules, table.file) })),
});

/** One command without the others, which are files of `whole`: nobody asks for them here. */
const onlyCommand = (command: string, whole: Metafile): Plugin => ({
  name: "road",
  setup: ({ onResolve }) => {
    const files = new Map(Object.entries(whole.outputs).map(([output, { entryPoint }]) => [entryPoint, `./${basename(output)}`]));
    onResolve({ filter: /^\.\/commands\// }, ({ path }) => {
      const file = files.get(`framework/cli/${path.slice(2)}`);
      return path === `./commands/${command}.js` || !file ? undefined : { path: file, external: true };
    });
  },
});

/**
 * In one file, what is imported from elsewhere is loaded before the first line runs; what is required is loaded where a module that needs it
 * begins: packages, and crypto, the largest of Node's.
 */
const lazyImports = (packages: readonly string[]): Plugin => ({
  name: "lazy",
  setup: ({ onResolve, onLoad }) => {
    const filter = new RegExp(`^(?:(?:${packages.join("|")})(?:/|$)|node:crypto$)`);
    onResolve({ filter }, ({ path }) => ({ path, namespace: "lazy" }));
    onLoad({ filter: /./, namespace: "lazy" }, ({ path }) => ({
      contents: path === "esbuild" ? lazyEsbuild : `module.exports = porticoRequire(${JSON.stringify(path)});`,
    }));
  },
});

/** Loaded by the first call: a start that builds nothing (docs/decisions/037) has none. */
const lazyEsbuild = [
  ...["build", "context", "initialize", "stop", "transform"].map(
    (name) => `export const ${name} = (...given) => porticoRequire("esbuild").${name}(...given);`,
  ),
  `export const { version } = porticoRequire("esbuild/package.json");`,
].join("\n");

const lazyRequire = `const porticoRequire = process.getBuiltinModule("node:module").createRequire(import.meta.url);`;

/**
 * The command line in a few files in place of 200: to look for each and read it was a tenth of a start (docs/decisions/033). `dev` has
 * files of its own once more, since what all commands share with each other is forty files, and each takes a third of a millisecond.
 */
async function bundleCommands(root: string, dist: string, { dependencies }: SourcePackage): Promise<void> {
  const cli = join(dist, "framework/cli");
  const external = [...Object.keys(dependencies), ...peers].filter((name) => !taken.includes(name));
  const options = {
    ...{ bundle: true, splitting: true, platform: "node", mainFields: ["module", "main"], format: "esm", target: "node22", external },
    ...{ absWorkingDir: dist, outdir: cli, nodePaths: [join(root, "node_modules")], write: false, metafile: true },
  } satisfies BuildOptions;
  const main = "framework/cli/main.js";
  const places = keepPlaces(dist, cli);
  const inside = takeTable(join(root, "node_modules"));
  const whole = await bundle({ ...options, entryPoints: { main }, chunkNames: "[name]-[hash]", plugins: [inside, places] });
  const road = [inside, places, onlyCommand("dev", whole.metafile), lazyImports(external)];
  const alone = { ...options, splitting: false, banner: { js: lazyRequire } };
  const ofDev = await bundle({ ...alone, entryPoints: { "main-dev": main }, plugins: road });
  const ahead = await bundle({ ...alone, entryPoints: ["framework/cli/ahead.js"], plugins: road });
  const compiled = globSync("{framework,deploy}/**/*.{js,d.ts}", { cwd: dist, exclude: ["framework/cli/{bin.js,template/**}"] });
  for (const file of compiled) if (!staysWhole.test(file.replaceAll("\\", "/"))) rmSync(join(dist, file));
  for (const { path, text } of [whole, ofDev, ahead].flatMap(({ outputFiles }) => outputFiles))
    writeFileSync(path, withPlainBuiltins(text));
  const licences = [...taken, table.licence].flatMap((name) => {
    const folder = join(root, "node_modules", name);
    return globSync("LICENSE*", { cwd: folder }).map((file) => `${name}\n\n${readFileSync(join(folder, file), "utf8")}`);
  });
  if (licences.length !== taken.length + 1) throw new Error(`a licence of ${taken.join(" or ")} or ${table.licence} is missing`);
  writeFileSync(join(dist, "THIRD-PARTY.txt"), licences.join("\n\n"));
}

/** Builds the package of `root` in the folder `dist`, which is emptied first. Throws when the compiler or the dependency check fails. */
async function build(root: string, dist: string): Promise<void> {
  rmSync(dist, { recursive: true, force: true });
  // The binary of this checkout, whatever the PATH says.
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const { status } = spawnSync(process.execPath, [tsc, "-p", "tsconfig.build.json", "--outDir", dist], { cwd: root, stdio: "inherit" });
  if (status !== 0) throw new Error("the sources do not compile");
  for (const file of globSync("{framework,deploy}/**/*.{js,mjs,cjs,json,css,html}", {
    cwd: root,
    exclude: ["framework/cli/template/**"],
  })) {
    mkdirSync(dirname(join(dist, file)), { recursive: true });
    copyFileSync(join(root, file), join(dist, file));
  }
  cpSync(join(root, "framework/cli/template"), join(dist, "framework/cli/template"), { recursive: true });
  for (const file of ["README.md", "LICENSE"]) if (existsSync(join(root, file))) copyFileSync(join(root, file), join(dist, file));
  const source = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as SourcePackage;
  await bundleCommands(root, dist, source);
  for (const web of ["light", "lean"] as const) {
    const { code, map } = await linkLight(web);
    writeFileSync(join(dist, "framework/light", linkedFile(web)), code);
    writeFileSync(join(dist, "framework/light", `${linkedFile(web)}.map`), map);
  }
  const published = toPublished(source);
  writeFileSync(join(dist, "package.json"), `${JSON.stringify(published, null, 2)}\n`);
  const errors = await dependencyErrors(dist, published);
  if (errors.length) throw new Error(errors.join("\n"));
}

try {
  const root = fileURLToPath(new URL("..", import.meta.url));
  await build(root, resolve(root, process.argv[2] ?? "dist"));
} catch (error) {
  process.stderr.write(`build: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
