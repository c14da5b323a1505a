/**
 * `npm run build [-- dir]`: compiles the sources into dist/ (or `dir`) as the published package, with its own
 * package.json and the command line bundled into a few files.
 */
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { isBuiltin } from "node:module";
import { readFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build as bundle, type Plugin, transform } from "esbuild";

/** The fields of package.json that the build reads. */
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

/**
 * Optional peer dependencies. miniflare is one since it takes 200 MB and only the workers target needs it; it is loaded
 * dynamically, so no import names it. pg is one since only apps with databases need it, of which each has its own.
 */
const optionalPeers: Readonly<Record<string, object>> = { miniflare: { optional: true }, pg: { optional: true } };

/** Peer dependencies of the package. */
const peers: readonly string[] = ["hono", ...Object.keys(optionalPeers)];

/**
 * Dependencies that are bundled into the command line, which makes its start faster. Their licences are included.
 */
const bundledPackages: readonly string[] = ["commander", "jsonc-parser"];

/** A module of hono that is bundled too: resolving it took a start as long as reading all of Portico's files. */
const mimeTable = { name: "hono/utils/mime", file: "hono/dist/utils/mime.js", licence: "hono" } as const;

/**
 * The version range of a peer: any hono of the same major version, and miniflare from the current version on, since the
 * newest compatibility date depends on it.
 */
const peerRange = (peer: string, version: string): string =>
  `^${peer === "miniflare" ? version : version.split(".")[0]}`;

/** The published package.json, derived from the repository's own. */
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
    dependencies: Object.fromEntries(
      Object.entries(dependencies).filter(([used]) => !peers.includes(used) && !bundledPackages.includes(used)),
    ),
    peerDependencies: Object.fromEntries(peers.map((peer) => [peer, peerRange(peer, versions[peer] ?? "")])),
    peerDependenciesMeta: optionalPeers,
  };
}

function toBuilt(file: string): string | { types: string; default: string } {
  if (!file.endsWith(".ts")) return file;
  const stem = file.slice(0, -".ts".length);
  return { types: `${stem}.d.ts`, default: `${stem}.js` };
}

/** The specifiers that the built code and its declarations import from outside the package. */
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
  const { metafile } = await bundle({
    ...options,
    absWorkingDir: dist,
    entryPoints: [...files("js"), ...files("mjs"), ...files("cjs")],
  });
  const code = Object.values(metafile.inputs).flatMap(({ imports }) =>
    imports.filter(({ external }) => external).map(({ path }) => path),
  );
  const types = files("d.ts").flatMap((file) => {
    const text = readFileSync(join(dist, file), "utf8");
    return [...text.matchAll(/^(?:import|export)\b[^;]*?\bfrom\s+["']([^"']+)["']/gm)].map(
      ([, specifier = ""]) => specifier,
    );
  });
  return new Set([...code, ...types]);
}

/** Differences between the built code's imports and the dependencies in package.json. */
async function dependencyErrors(dist: string, published: Record<string, unknown>): Promise<string[]> {
  const declared = Object.keys({
    ...(published["dependencies"] as object),
    ...(published["peerDependencies"] as object),
  });
  // Modules for workerd import `cloudflare:*`.
  const outside = [...(await externalImports(dist))].filter(
    (specifier) => !/^(?:[./]|cloudflare:)/.test(specifier) && !isBuiltin(specifier),
  );
  const used = new Set(outside.map((specifier) => specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/")));
  used.delete(published["name"] as string);
  return [
    ...[...used]
      .filter((name) => !declared.includes(name))
      .map((name) => `${name} is imported but not a dependency of the package`),
    ...declared
      .filter((name) => !used.has(name) && !(name in optionalPeers))
      .map((name) => `${name} is a dependency of the package but never imported`),
  ];
}

/** Keeps `import.meta.url` of bundled modules at their original paths, so that they find files beside them. */
const keepModuleUrls = (dist: string, to: string): Plugin => ({
  name: "module-urls",
  setup: ({ onLoad }) => {
    onLoad({ filter: /\.js$/ }, async ({ path }) => {
      // A dependency's module, which needs no other files.
      if (relative(realpathSync(dist), path).startsWith("..")) return undefined;
      const text = await readFile(path, "utf8");
      if (!text.includes("import.meta.url")) return undefined;
      const { code } = await transform(text, { define: { "import.meta.url": "porticoModuleUrl" } });
      const modulePath = JSON.stringify(relative(realpathSync(to), path).replaceAll("\\", "/"));
      return {
        contents: `const porticoModuleUrl = new URL(${modulePath}, import.meta.url).href;\n${code}`,
        loader: "js",
      };
    });
  },
});

/** Files that stay separate, since a build reads them or package.json exports them. */
const separateRooms = "bundler/templates|features|http|migrations|model|node|runtime|web-classes";
const separateFiles = new RegExp(String.raw`^framework/(?:(?:${separateRooms})/|testing/.*\.d\.ts$)`);

/** An import of one of Node's modules, as esbuild prints it. */
const builtinImport = /^import (?:(?<namespace>\w+)|\{(?<named>[^}]+)\}) from "(?<name>node:[\w/]+)";$/gm;

/**
 * Replaces static imports of Node's modules, which evaluate all lazy exports: two thirds of `node:util`, and the
 * implementation of fetch with `node:http` (docs/decisions/036). `process.getBuiltinModule` evaluates only those used.
 */
const withLazyBuiltins = (code: string): string =>
  code.replaceAll(builtinImport, (...found) => {
    const { namespace, named, name } = found.at(-1) as Readonly<
      Record<"namespace" | "named" | "name", string | undefined>
    >;
    return `const ${namespace ?? `{${named?.replaceAll(" as ", ": ")}}`} = process.getBuiltinModule("${name}");`;
  });

const bundleMimeTable = (modules: string): Plugin => ({
  name: "mime-table",
  setup: ({ onResolve }) =>
    onResolve({ filter: new RegExp(`^${mimeTable.name}$`) }, () => ({ path: join(modules, mimeTable.file) })),
});

/**
 * Bundles the command line into a few files, since finding and reading 200 was a tenth of a start
 * (docs/decisions/036).
 */
async function bundleCommands(root: string, dist: string, { dependencies }: SourcePackage): Promise<void> {
  const cli = join(dist, "framework/cli");
  const external = [...Object.keys(dependencies), ...peers].filter((name) => !bundledPackages.includes(name));
  const options = {
    bundle: true,
    splitting: true,
    platform: "node",
    mainFields: ["module", "main"],
    format: "esm",
    target: "node22",
    external,
    absWorkingDir: dist,
    outdir: cli,
    nodePaths: [join(root, "node_modules")],
    write: false,
  } satisfies BuildOptions;
  const main = "framework/cli/main.js";
  const mime = bundleMimeTable(join(root, "node_modules"));
  const commands = await bundle({
    ...options,
    entryPoints: { main },
    chunkNames: "[name]-[hash]",
    plugins: [mime, keepModuleUrls(dist, cli)],
  });
  // Programs of their own processes and threads, which no other file imports. Each is one file, which loads faster.
  const programs = ["framework/cli/start-worker.js", "framework/emulation/node/thread-program.js"];
  const separate = await Promise.all(
    programs.map((program) =>
      bundle({ ...options, splitting: false, outdir: dist, outbase: dist, entryPoints: [program], plugins: [mime] }),
    ),
  );
  const testing = await bundle({
    ...options,
    splitting: false,
    outdir: dist,
    outbase: dist,
    entryPoints: ["framework/testing/index.js"],
    plugins: [mime, keepModuleUrls(dist, join(dist, "framework/testing"))],
  });
  const compiled = globSync("{framework,deploy}/**/*.{js,d.ts}", {
    cwd: dist,
    exclude: ["framework/cli/{bin.js,template/**}"],
  });
  for (const file of compiled) if (!separateFiles.test(file.replaceAll("\\", "/"))) rmSync(join(dist, file));
  for (const { path, text } of [commands, testing, ...separate].flatMap(({ outputFiles }) => outputFiles))
    writeFileSync(path, withLazyBuiltins(text));
  const licences = [...bundledPackages, mimeTable.licence].flatMap((name) => {
    const folder = join(root, "node_modules", name);
    return globSync("LICENSE*", { cwd: folder }).map(
      (file) => `${name}\n\n${readFileSync(join(folder, file), "utf8")}`,
    );
  });
  if (licences.length !== bundledPackages.length + 1)
    throw new Error(`a licence of ${bundledPackages.join(" or ")} or ${mimeTable.licence} is missing`);
  writeFileSync(join(dist, "THIRD-PARTY.txt"), licences.join("\n\n"));
}

/** Copies a hand-written declaration file, which the compiler does not emit, and corrects the reference to it. */
function copyDeclarations(root: string, dist: string): void {
  const folder = "framework/runtime";
  copyFileSync(join(root, folder, "file-imports.d.ts"), join(dist, folder, "file-imports.d.ts"));
  const index = join(dist, folder, "index.d.ts");
  const text = readFileSync(index, "utf8");
  const corrected = text.replace(/(?<=<reference path=")[^"]*(?=file-imports\.d\.ts")/, "./");
  if (!corrected.includes('path="./file-imports.d.ts"'))
    throw new Error("index.d.ts does not refer to file-imports.d.ts");
  writeFileSync(index, corrected);
}

/**
 * Builds the package of `root` in the folder `dist`, which is emptied first. Throws when the compiler or the dependency
 * check fails.
 */
async function build(root: string, dist: string): Promise<void> {
  rmSync(dist, { recursive: true, force: true });
  // The compiler of this checkout, not of the PATH.
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const { status } = spawnSync(process.execPath, [tsc, "-p", "tsconfig.build.json", "--outDir", dist], {
    cwd: root,
    stdio: "inherit",
  });
  if (status !== 0) throw new Error("the sources do not compile");
  for (const file of globSync("{framework,deploy}/**/*.{js,mjs,cjs,json,css,html}", {
    cwd: root,
    exclude: ["framework/cli/template/**"],
  })) {
    mkdirSync(dirname(join(dist, file)), { recursive: true });
    copyFileSync(join(root, file), join(dist, file));
  }
  copyDeclarations(root, dist);
  cpSync(join(root, "framework/cli/template"), join(dist, "framework/cli/template"), { recursive: true });
  for (const file of ["README.md", "LICENSE"])
    if (existsSync(join(root, file))) copyFileSync(join(root, file), join(dist, file));
  const source = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as SourcePackage;
  await bundleCommands(root, dist, source);
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
