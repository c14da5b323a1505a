/** Which functions get the lean web classes: sources that must not, by whatever way they reach a part that those lack, and sources that may. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, test } from "vitest";
import { createDevBuilder } from "../../framework/build/dev-builder.ts";
import { type Files, build, makeApp, makeFolder, writeFiles } from "./app.ts";
import { discover } from "../../framework/routes/discover.ts";

const get = (text: string): string => `export const GET = async (request: Request, context: any) => ${text};\n`;

/** Every one of these is, or could be made, a use of `fetch`, `new Request`, `blob()` or a form. */
const whole: Readonly<Record<string, string>> = {
  "calls fetch": get(`fetch("https://a.test")`),
  "gives fetch away": `const send = fetch;\n${get(`send("https://a.test")`)}`,
  "makes a request": get(`new Response(new Request("https://a.test", { method: "PUT" }).method)`),
  "names the class of requests": get(`new Response(String(request instanceof Request))`),
  "extends the class of requests": `class Mine extends Request {}\n${get(`new Response(new Mine("https://a.test").url)`)}`,
  "makes a request by the class of its own": get(`new Response(new (request.constructor as any)(request, { method: "PUT" }).method)`),
  "reads a form": get(`Response.json([...(await request.formData())])`),
  "reads a blob": get(`new Response((await request.blob()).type)`),
  "reads a blob of an answer": get(`new Response((await new Response("a").blob()).type)`),
  "takes a method away": get(`{ const { blob } = request; return new Response((await blob.call(request)).type); }`).replace("=> {", "=> {"),
  "sends a form": get(`new Response(new FormData())`),
  "names a method in brackets": get(`request["formData"]().then(() => new Response())`),
  "names a method in two halves": get(`(request as any)["form" + "Data"]().then(() => new Response())`),
  "names a method in a template": get("(request as any)[`form${'Data'}`]().then(() => new Response())"),
  "names a method by escapes": get(`(request as any).form\\u0044ata().then(() => new Response())`),
  "names a method by escapes in a string": get(`(request as any)["\\x66ormData"]().then(() => new Response())`),
  "names fetch by escapes": get(`f\\u{65}tch("https://a.test")`),
  "has the name in a variable": `const name = "formData";\n${get(`(request as any)[name]().then(() => new Response())`)}`,
  "has the name from the client": get(`(request as any)[new URL(request.url).search.slice(1)]().then(() => new Response())`),
  "joins the name": get(`(request as any)[["form", "Data"].join("")]().then(() => new Response())`),
  "asks only if it is there": get(`(request as any)?.[context.params.id]?.().then(() => new Response())`),
  "takes a method by a pattern with a computed name": get(
    `{ const { [context.params.id]: take } = request as any; return take.call(request); }`,
  ),
  "takes a method by a pattern in its parameters": `const take = ({ url, [url]: it }: any) => it;\n${get(`take(request)`)}`,
  "has a computed name of an object of its own, which is written as in a pattern": get(`Response.json({ [request.method]: 1 })`),
  "assigns by a pattern with a computed name": get(
    `{ let take: any; ({ [context.params.id]: take = 1 } = request as any); return take(); }`,
  ),
  "reads by Reflect": get(`Reflect.get(request, context.params.id).call(request)`),
  "reads the prototype": get(`Object.values(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(request)))[9]!.value.call(request)`),
  "reads the prototype by its name": get(`Object.values((request as any).__proto__).at(3).call(request)`),
  "reads getters": get(`(request as any).__lookupGetter__(context.params.id)()`),
  "has a proxy that reads": get(`new (Proxy as any)(request, {}).url`),
  "has the global object": get(`new Response(typeof globalThis)`),
  "has Node's global object": get(`new Response(typeof global)`),
  "names the global object of browsers": get(`new Response(typeof self + typeof window)`),
  evaluates: get(`(0, eval)("1")`),
  "makes a function of text": get(`new Function("return 1")()`),
  "makes a function of text by a constructor": get(`(() => 1).constructor("return 1")()`),
  "imports late": get(`import("./_lib/" + context.params.id)`),
  requires: get(`(require as any)("node:vm")`),
  "asks for Node's modules": get(`new Response(typeof (process as any).getBuiltinModule)`),
  "asks process for what is not known": get(`new Response(String(Object.values(process).length))`),
  "asks process by another name": `const it = process;\n${get(`new Response(it.title)`)}`,
  "imports a module that runs text": `import { runInThisContext } from "node:vm";\n${get(`runInThisContext("1")`)}`,
  "imports a module that imports": `import module from "node:module";\n${get(`new Response(typeof module)`)}`,
  "imports process": `import it from "node:process";\n${get(`new Response(it.title)`)}`,
  "imports a package": `import { Hono } from "hono";\n${get(`new Response(typeof Hono)`)}`,
  "imports more of Portico": `import { toLambda } from "portico/lambda";\n${get(`new Response(typeof toLambda)`)}`,
  "is an app": `export default { fetch: () => new Response("app") };`,
  "imports a module that fetches": `import { send } from "./_lib/send.ts";\n${get(`send()`)}`,
  "imports a module that imports one that fetches": `import { send } from "./_lib/again.ts";\n${get(`send()`)}`,
  "imports a module that computes names": `import { pick } from "./_lib/pick.ts";\n${get(`pick(request, "url")`)}`,
  "imports a module of CommonJS": `import it from "./_lib/old.cjs";\n${get(`it(request)`)}`,
  "exports all of another module": `export * from "./_lib/get.ts";\n`,
  "traces calls": `(Error as any).prepareStackTrace = (_: unknown, sites: any) => sites;\n${get(`new Response()`)}`,
  "has the name behind a keyword's name": `const it = { in: {} as any };\n${get(`it.in[context.params.id]`)}`,
  "has the name behind a name that may be a keyword": `const of: any = {};\n${get(`of[context.params.id]`)}`,
  "has the name behind a name that ends as a keyword does": `const éin: any = {};\n${get(`éin[context.params.id]()`)}`,
  "has the name behind a name of a private member": `class It { #in: any; take(name: string) { return this.#in[name]; } }\n${get(`new It().take("a")`)}`,
  "has the name behind a member's": get(`(request as any).return[context.params.id]()`),
  "has the name behind a text": get(`("" as any)[context.params.id]["call"]()`),
  "has the name behind a pattern of text": get(`(/a/ as any)[context.params.id]("return 1")`),
  "has the name behind a template": get("(`${request}` as any)[context.params.id]()"),
  "has the name behind a call": get(`(await (request as any).clone())[context.params.id]()`),
  "has the name behind a function": get(`(() => 1)[context.params.id as "name"]`),
  "has the name on the next line": get(`(request as any)\n  // the name\n  [context.params.id]()`),
  "watches what is made": `import { createHook } from "node:async_hooks";\n${get(`new Response(typeof createHook)`)}`,
  "imports what only a setting leads to": `import { greet } from "~/greet.ts";\n${get(`new Response(greet("a"))`)}`,
  "imports a module with attributes": `import text from "./_lib/data.json" with { type: "json" };\n${get(`Response.json(text)`)}`,
  "has an array in brackets": get(`(request as any)[[context.params.id] as any]()`),
  "has the name in a class":
    `class It extends Response { take(name: any) { return (super as any)[name](); } }\n${get(`new It().take("a")`)}`.replace(
      "(super as any)[name]",
      "super[name as 'text']",
    ),
};

const lean: Readonly<Record<string, string>> = {
  "answers a text": get(`new Response("hi")`),
  "has the types of all": `import type { Handler } from "portico";\nexport const GET: Handler = (request: Request): Response => new Response(request.url);`,
  "says Bad Request": get(`new Response("Bad Request", { status: 400 })`),
  "speaks of it in comments": `// fetch, new Request(), globalThis[name] and FormData\n${get(`new Response("hi") /* request[name]() */`)}`,
  "reads a header": get(`new Response(request.headers.get("accept"))`),
  "reads JSON": get(`Response.json({ got: await request.json() }, { status: 201 })`),
  "reads bytes": get(`new Response(await request.arrayBuffer())`),
  "reads a stream": get(`new Response(request.body)`),
  clones: get(`new Response(await request.clone().text())`),
  "reads the query": get(`new Response(new URL(request.url).searchParams.get("a"))`),
  "sends the query": get(`new Response(new URL(request.url).searchParams)`),
  "reads params": get(`new Response(context.params.id)`),
  "reads the env": get(`new Response(process.env.HOME + context.env.GREETING)`),
  redirects: get(`Response.redirect(new URL("/b", request.url))`),
  "sends what Portico helps with": `import { HttpError, html, redirect } from "portico";\n${get(
    `request.url.endsWith("a") ? redirect("/b") : request.url.endsWith("b") ? html("<p>") : Promise.reject(new HttpError(404, "no"))`,
  )}`,
  hashes: `import { createHash } from "node:crypto";\n${get(`new Response(createHash("sha256").update(await request.text()).digest("hex"))`)}`,
  "reads a file": `import { readFile } from "node:fs/promises";\n${get(`new Response(await readFile("/etc/hostname"))`)}`,
  "imports a module that is lean": `import { greet } from "./_lib/greet.ts";\n${get(`new Response(greet("a"))`)}`,
  "imports a module that names types": `import { tell } from "./_lib/tell.ts";\n${get(`tell(request)`)}`,
  "exports another module's": `export { GET } from "./_lib/get.ts";\n`,
  "imports data": `import data from "./_lib/data.json";\n${get(`Response.json(data)`)}`,
  "reads the first of a list": get(`new Response([request.url, 1].map(String)[0] + request.url.split("/")[3])`),
  "returns a list of lists": get(`Response.json([["a"], ["b", [1]]].map(([name]) => { return [name]; }))`),
  "has a list in a loop": get(
    `{ let all = ""; for (const [name, value] of request.headers) all += name + value; return new Response(all); }`,
  ),
  "has a regular expression": get(`new Response(String(/^[a-z]+$/.test(request.url)))`),
  "names a member in quotes": get(`new Response((request as any)["url"] + (context as any)["a-b"])`),
  "extends the class of answers": `class Teapot extends Response { constructor() { super("short and stout", { status: 418 }); } }\n${get(`new Teapot()`)}`,
  "looks at what something is": get(`new Response(String(context instanceof Response))`),
  waits: get(`{ context.waitUntil(Promise.resolve()); await new Promise((done) => setTimeout(done, 1)); return new Response(); }`),
  throws: get(`{ throw new Error("no"); }`),
  "has a generator": get(`new Response((async function* () { yield Buffer.from("a"); })() as any)`),
  "clones objects": get(`Response.json(structuredClone({ a: 1 }))`),
  "has more methods": `${get(`new Response()`)}export const POST = () => new Response();\nexport const OPTIONS = () => new Response();`,
};

const libraries: Files = {
  "tsconfig.json": `{ "compilerOptions": { "paths": { "~/*": ["./functions/_lib/*"] } } }`,
  "functions/_lib/send.ts": `export const send = () => fetch("https://a.test");`,
  "functions/_lib/again.ts": `export { send } from "./send.ts";`,
  "functions/_lib/pick.ts": `export const pick = (from: any, name: string) => new Response(from[name]);`,
  "functions/_lib/old.cjs": `module.exports = () => new Response("old");`,
  "functions/_lib/get.ts": `export const GET = () => new Response("hi");`,
  "functions/_lib/greet.ts": `export const greet = (name: string) => \`hi \${name}\`;`,
  "functions/_lib/tell.ts": `export const tell = (request: Request): Response => new Response(request.url); // never fetch`,
  "functions/_lib/data.json": `{ "Request": "fetch", "a": ["b"] }`,
};

const isLean = (module: string): boolean => module.includes("is not in this function");

describe("a function is on lean classes where that is certain to do, in production as in development", async () => {
  const sources = [
    ...Object.entries(whole).map(([name, text]) => ({ name, text, expected: false })),
    ...Object.entries(lean).map(([name, text]) => ({ name, text, expected: true })),
  ];
  it("has tried enough of both", () => {
    expect(Object.keys(whole).length).toBeGreaterThanOrEqual(40);
    expect(Object.keys(lean).length).toBeGreaterThanOrEqual(30);
  });
  let found: ReadonlyMap<string, readonly boolean[]> | undefined;
  const decide = async (): Promise<ReadonlyMap<string, readonly boolean[]>> => {
    const files = Object.fromEntries(sources.map(({ text }, at) => [`functions/r${at}.ts`, text]));
    const root = makeFolder({ ...files, ...libraries });
    const { out } = await build(root, "lambda");
    const builder = createDevBuilder({ app: makeApp(root), target: "lambda", out: join(root, ".portico/dev"), env: {} });
    builder.setRoutes(await discover(root));
    const decided = new Map<string, readonly boolean[]>();
    for (const [at, { name }] of sources.entries()) {
      const { directory, main } = await builder.load(`r${at}`);
      decided.set(
        name,
        [join(out, `functions/r${at}.mjs`), join(directory, main)].map((file) => isLean(readFileSync(file, "utf8"))),
      );
    }
    await builder.close();
    return decided;
  };
  it.each(sources)(
    "$name: $expected",
    async ({ name, expected }) => {
      found ??= await decide();
      expect(found.get(name)).toEqual([expected, expected]);
    },
    60_000,
  );
});

test("code outside of a lean function that asks for a part is told its name and what to set, and never given another answer", async () => {
  const { out } = await build(makeFolder({ "functions/index.ts": lean["answers a text"]! }), "lambda");
  const script = `await import(${JSON.stringify(join(out, "functions/index.mjs"))});
    const asks = { fetch: () => fetch("data:,"), init: () => new Request("http://a.test/", {}), copy: () => new Request(new Request("http://a.test/")),
      form: () => new Response("a").formData(), blob: () => new Response("a").blob(), body: () => new Response(new FormData()) };
    const told = [new Request("http://a.test/b").url];
    for (const name in asks) try { await asks[name](); told.push(name); } catch (error) { told.push(error.message); }
    process.stdout.write(JSON.stringify(told));`;
  const told = JSON.parse(execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" })) as unknown;
  const names = ["fetch", "Request", "Request", "formData", "formData", "FormData"];
  const fix = `is not in this function: set "lambda": {"webClasses": "platform"}`;
  expect(told).toEqual(["http://a.test/b", ...names.map((name) => `${name} ${fix}`)]);
});

test("middleware, Hono's, is certain of nothing; static files and the 404 are", async () => {
  const root = makeFolder({
    "functions/index.ts": lean["answers a text"]!,
    "functions/(in)/_middleware.ts": `export default [];`,
    "functions/(in)/guarded.ts": lean["answers a text"]!,
    "functions/_public/a.txt": "a",
  });
  const { out } = await build(root, "lambda");
  const decided = ["functions/index", "functions/guarded", "assets/index"].map((name) =>
    isLean(readFileSync(join(out, `${name}.mjs`), "utf8")),
  );
  expect(decided).toEqual([true, false, true]);
});

describe("in development an edit gets the classes that it needs at once", () => {
  it.each([
    ["the route", "functions/index.ts", `export const GET = () => new Response(new FormData());`],
    ["what it imports", "functions/_lib/greet.ts", `export const greet = () => String(new FormData());`],
  ])("%s", async (_, file, text) => {
    const root = makeFolder({ "functions/index.ts": lean["imports a module that is lean"]!, ...libraries });
    const builder = createDevBuilder({ app: makeApp(root), target: "lambda", out: join(root, ".portico/dev"), env: {} });
    onTestFinished(() => builder.close());
    builder.setRoutes(await discover(root));
    const decide = async (): Promise<boolean> => {
      const { directory, main } = await builder.load("index");
      return isLean(readFileSync(join(directory, main), "utf8"));
    };
    const before = readFileSync(join(root, file), "utf8");
    for (const [edit, expected] of [
      [before, true],
      [text, false],
      [`${text}\n`, false],
      [before, true],
    ] as const) {
      writeFiles(root, { [file]: edit });
      builder.changed([join(root, file)]);
      expect(await decide()).toBe(expected);
    }
  });
});

test("a build that is remembered is made again for an edit that needs other classes", async () => {
  const root = makeFolder({ "functions/index.ts": lean["imports a module that is lean"]!, ...libraries });
  const decide = async (): Promise<boolean> => isLean(readFileSync(join((await build(root, "lambda")).out, "functions/index.mjs"), "utf8"));
  expect([await decide(), await decide()]).toEqual([true, true]);
  writeFiles(root, { "functions/_lib/greet.ts": `export const greet = () => String(new FormData());` });
  expect(await decide()).toBe(false);
});

test("several routes of one function are lean together or not at all", async () => {
  const root = makeFolder({ "functions/a/b.ts": lean["answers a text"]!, "functions/a/c.ts": lean["clones"]! });
  const decide = async (): Promise<boolean> =>
    isLean(readFileSync(join((await build(root, "lambda", { group: "app" })).out, "functions/app.mjs"), "utf8"));
  expect(await decide()).toBe(true);
  writeFiles(root, { "functions/a/c.ts": whole["reads a form"]! });
  expect(await decide()).toBe(false);
});
