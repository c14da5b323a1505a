/** Random routes, as people write them, answer the same on the lean classes and on the whole ones, wherever the build would choose the lean. */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { functionEntry, type ScannedRoute } from "../../framework/build/entry.ts";
import { mayBeLean } from "../../framework/build/lean.ts";
import { bundleOptions } from "../../framework/build/options.ts";
import { scanRoutes } from "../../framework/build/scan.ts";
import { discover } from "../../framework/routes/discover.ts";
import { makeFolder } from "../build/app.ts";

/** What a handler may do; `told` takes what it sees. Those of the second list reach a part, or may. */
const steps = [
  "told.push(request.method, request.url, request.bodyUsed, request.body === null, request.mode, request.destination)",
  "told.push(request.referrer, request.signal.aborted, request.duplex, request.cache, String(request), typeof request.signal)",
  `told.push(...request.headers, request.headers.get("X-A"), request.headers.has("cookie"), request.headers.getSetCookie())`,
  `request.headers.set("x-b", "1"); told.push([...request.headers.keys()])`,
  `request.headers.append("x-a", "안")`,
  "told.push(await request.text())",
  "told.push(await request.json())",
  "told.push((await request.bytes()).length)",
  "told.push((await request.arrayBuffer()).byteLength)",
  "const copy = request.clone(); told.push(await copy.text(), copy.headers.get(`content-type`))",
  "for await (const chunk of request.body) told.push(chunk.length)",
  "const reader = request.body.getReader(); told.push((await reader.read()).done); reader.releaseLock()",
  "told.push(new URL(request.url).searchParams.get(`a`), [...new URL(request.url).searchParams])",
  "told.push(JSON.stringify(request), JSON.stringify(new Response()), Object.keys(request).length)",
  "for (const name in request) told.push(name)",
  "for (const name in new Response()) told.push(name)",
  "told.push(inspect(request), inspect(new Response(`a`, { headers: { a: `b` } })), inspect(request.headers))",
  "told.push(inspect(request, { depth: 0, showHidden: true }))",
  "told.push(Object.getOwnPropertyNames(request), `${Object.prototype.toString.call(request)}`)",
  "told.push(request instanceof Response, new Response() instanceof Response, Response.name, Headers.name)",
  `answer = new Response("text", { status: 201, statusText: "Made", headers: { "x-a": " b ", "set-cookie": "a=1" } })`,
  `answer = new Response(Buffer.from([0, 255, 1]))`,
  `answer = new Response(new URLSearchParams({ a: "b c" }))`,
  `answer = new Response(new Blob(["blob"], { type: "text/css" }))`,
  `answer = new Response(request.body, { headers: request.headers })`,
  `answer = new Response(new Response("inner").body, new Response(null, { status: 202 }))`,
  `answer = new Response((async function* () { yield Buffer.from("a"); yield Buffer.from("b"); })())`,
  "answer = Response.json({ told, bad: undefined }, { status: 203 })",
  "answer = Response.json(undefined)",
  "answer = Response.redirect(new URL(`/b`, request.url), 307)",
  "answer = Response.redirect(`/b`)",
  "answer = Response.error()",
  "answer = answer.clone(); told.push(answer.ok, answer.status, answer.type, answer.redirected)",
  `answer.headers.append("set-cookie", "b=2"); answer.headers.delete("x-a")`,
  `answer.headers.set("content-encoding", "identity")`,
  "told.push(await answer.clone().text())",
  "const [left, right] = answer.body.tee(); answer = new Response(left, answer); void right.cancel()",
  "new Response(`a`, { status: 204 })",
  "new Response(`a`, { status: 99 })",
  "new Headers({ 'a b': `c` })",
  "class Mine extends Response { get status() { return 218; } }; answer = new Mine(`mine`)",
  "structuredClone({ its: request })",
  "structuredClone([told, 1])",
  "if (request.method === `POST`) throw Object.assign(new Error(`own`), { getResponse: () => new Response(`own`, { status: 409 }) })",
  "answer = undefined",
  "context.waitUntil(Promise.resolve(told.push(1)))",
  "told.push(context.params, context.requestId)",
];
const reaching = [
  "told.push([...(await request.formData())])",
  "told.push((await request.blob()).type, (await answer.blob()).size)",
  "answer = new Response(new FormData())",
  "told.push(new Request(request, { method: `PUT` }).method)",
  "told.push(await (await fetch(`data:,a`)).text())",
  "told.push(request[context.requestId])",
  "told.push(request.constructor.name)",
  "told.push(told[told.length - 1])",
];

/** Each step fails alone; what is thrown outside of them is the function's to answer. */
const toRoute = (chosen: readonly string[], ending: boolean): string =>
  [
    `import { inspect } from "node:util";`,
    "const handle = async (request: any, context: any) => {",
    "  const told: any[] = [];",
    "  let answer: any = new Response(inspect.name);",
    ...chosen.map((step) => `  ${/ throw |undefined$/.test(step) ? step : `try { ${step}; } catch ({ name }: any) { told.push(name); }`}`),
    ending ? "  return answer;" : "  return Response.json(inspect(told), { status: answer?.status });",
    "};",
    "export const GET = handle, POST = handle, PUT = handle;",
  ].join("\n");

const route = fc
  .tuple(
    fc.array(fc.oneof({ weight: 24, arbitrary: fc.constantFrom(...steps) }, { weight: 1, arbitrary: fc.constantFrom(...reaching) }), {
      minLength: 1,
      maxLength: 9,
    }),
    fc.boolean(),
  )
  .map(([chosen, ending]) => toRoute(chosen, ending));

const events = [
  { method: "GET", headers: { "x-a": "1", accept: "*/*" }, cookies: ["a=1", "b=2"] },
  { method: "HEAD" },
  { method: "POST", headers: { "content-type": "application/json" }, body: `{"a":[1]}` },
  { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" }, body: "a=1&b=2" },
  { method: "PUT", body: Buffer.from([0, 255]).toString("base64"), isBase64Encoded: true },
  { method: "POST", headers: { "x-b": "1", "a b": "2" }, body: "\ufeffa" },
  { method: "PATCH", body: "a" },
].map(({ method, headers = {}, ...rest }) => ({
  rawPath: "/안?",
  rawQueryString: "a=1&a=%20",
  headers: { host: "a.test", ...headers },
  ...rest,
  requestContext: { domainName: "own.test", stage: "$default", http: { method, sourceIp: "192.0.2.1" } },
}));

/** Every function in turn, in a process of its own: its import puts its classes in. */
const script = `import { readFileSync } from "node:fs";
const { modules, events } = JSON.parse(readFileSync(0, "utf8"));
console.error = () => {};
const results = [];
for (const module of modules) {
  const { handler } = await import(module);
  for (const event of events) results.push(await handler(event, { awsRequestId: "id", getRemainingTimeInMillis: () => 1100 }).then((it) => it, String));
}
process.stdout.write(JSON.stringify([process.moduleLoadList.includes("NativeModule internal/deps/undici/undici"), ...results]));`;

const answers = (modules: readonly string[]): readonly unknown[] =>
  JSON.parse(
    execFileSync(process.execPath, ["--input-type=module", "-e", script], {
      input: JSON.stringify({ modules, events }),
      encoding: "utf8",
      maxBuffer: 2 ** 28,
    }),
  ) as readonly unknown[];

const count = 200;
let sources: readonly string[];
let chosen: readonly boolean[];
let folder: string;
const folders: (() => void)[] = [];
afterAll(() => folders.forEach((remove) => remove()));

beforeAll(async () => {
  sources = fc.sample(route, { numRuns: count, seed: fc.readConfigureGlobal()?.seed ?? 0 });
  const root = makeFolder(Object.fromEntries(sources.map((text, at) => [`functions/r${at}.ts`, text])), (remove) => folders.push(remove));
  const routes = await discover(root);
  const { methods, modules } = await scanRoutes(root, "lambda", routes);
  const scanned: readonly ScannedRoute[] = sources.map((_, at) => {
    const found = routes.find(({ id }) => id === `r${at}`)!;
    return { ...found, segments: [{ kind: "param", name: "id" }], methods: methods.get(found.id)! };
  });
  chosen = scanned.map((one) => mayBeLean([one], modules));
  const entries = new Map(
    scanned.flatMap((one, at) => (["lean", "light"] as const).map((web) => [`entry/${web}${at}`, functionEntry("lambda", [one], web)])),
  );
  const entryPoints = [...entries.keys()].map((name) => ({ in: `portico:${name}`, out: name }));
  const { outputFiles } = await build({
    ...bundleOptions({ root, target: "lambda", entries }, "production"),
    sourcemap: false,
    entryPoints,
  });
  folder = join(root, "out");
  mkdirSync(folder);
  for (const { path, contents } of outputFiles) writeFileSync(join(folder, path.replace(/.*[\\/]|\.js$/g, "") + ".mjs"), contents);
});

const modulesOf = (web: "lean" | "light", which: boolean): readonly string[] =>
  chosen.flatMap((lean, at) => (lean === which ? [join(folder, `${web}${at}.mjs`)] : []));

test(`of ${count} random routes most are lean`, () => {
  expect(chosen.filter(Boolean).length).toBeGreaterThan(count / 2);
  for (const [at, source] of sources.entries()) if (reaching.some((step) => source.includes(step))) expect(chosen[at], source).toBe(false);
});

test("those answer each event as on the whole classes, and load nothing", () => {
  const [lean, light] = [answers(modulesOf("lean", true)), answers(modulesOf("light", true))];
  expect(lean[0]).toBe(false);
  expect(lean).toEqual(light);
});
