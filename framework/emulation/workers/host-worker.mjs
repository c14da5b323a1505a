/** Runs in workerd, in development only: passes each request of the gateway to its function, loading that first. */
/*
 * One isolate runs all functions, as in a release, so that each has the real bindings. Modules come from the fallback
 * service (module-fallback.ts); a new build has another path. PORTICO_TOKEN, PORTICO_BINDINGS and PORTICO_FILLS_PROCESS
 * are replaced at the start. The names of internal headers contain the token, so that neither a client nor a function
 * can forge one.
 */

import "./pbkdf2-cap.mjs";
import { AsyncLocalStorage } from "node:async_hooks";
import { withEnv } from "cloudflare:workers";

const header = (name) => `x-PORTICO_TOKEN-${name}`;
const bindingNames = PORTICO_BINDINGS;
const failures = new Map();
/* A failure travels in a header, which workerd limits to 1 MB; a character may need nine bytes there. */
const maxText = 32_000;
const toFailure = (error) => ({
  name: (error?.name ?? typeof error) + (typeof error?.code === "string" ? ` [${error.code}]` : ""),
  message: String(error?.message ?? error).slice(0, maxText),
  stack: String(error?.stack ?? error).slice(0, maxText),
});

/* Not printed: the gateway shows it with its source position. */
globalThis.porticoReport = (error, requestId) => failures.set(requestId, toFailure(error));

/* Names the function that prints, since all share one console. */
const running = new AsyncLocalStorage();
for (const level of ["debug", "error", "info", "log", "warn"]) {
  const print = console[level].bind(console);
  console[level] = (...values) => print(`[${running.getStore() ?? "host"}]`, ...values);
}

/* workerd itself does this only with the text variables that a Worker has at its start. */
const fillProcess = (env) => {
  if (PORTICO_FILLS_PROCESS) Object.assign(process.env, env);
};

const refuseChange = () => {
  throw new TypeError("Can't modify immutable headers.");
};

/* By key: the loaded module or its failure. No promises, since a promise belongs to the request that created it. */
const loaded = new Map();

async function load(key, env) {
  const found = loaded.get(key);
  if (found) return found;
  const { default: about } = await import(`/portico/${key}/about.json`);
  const bindings = Object.fromEntries(bindingNames.map((name) => [name, env[name]]));
  const own = { ...bindings, ...about.env };
  fillProcess(about.env);
  const entry = await withEnv(own, async () => {
    try {
      return { env: own, worker: (await import(`/portico/${key}/${about.main}`)).default };
    } catch (error) {
      return { env: own, failure: toFailure(error) };
    }
  });
  loaded.set(key, entry);
  return entry;
}

const withHeaders = (response, pairs) => {
  const copy = new Response(response.body, response);
  for (const [name, value] of pairs) copy.headers.set(header(name), value);
  return copy;
};

async function run({ worker, env }, request, context) {
  try {
    const response = await withEnv(env, () => worker.fetch(request, env, context));
    if (response instanceof Response) return { response };
    throw new TypeError(`fetch returned ${response === null ? "null" : typeof response} instead of a Response`);
  } catch (error) {
    return { response: new Response(null, { status: 500 }), failure: toFailure(error) };
  }
}

async function respond(key, request, env, context) {
  const cold = !loaded.has(key);
  const requestId = request.headers.get("cf-ray");
  const entry = await load(key, env);
  const { response, failure = failures.get(requestId) } = entry.failure
    ? {
        response: Response.json({ error: "Internal Server Error", requestId }, { status: 500 }),
        failure: entry.failure,
      }
    : await run(entry, request, context);
  failures.delete(requestId);
  if (!cold && !failure) return response;
  return withHeaders(response, [
    ...(cold ? [["cold", "true"]] : []),
    ...(failure ? [["failure", encodeURIComponent(JSON.stringify(failure))]] : []),
  ]);
}

export default {
  fetch(request, env, context) {
    const key = request.headers.get(header("key"));
    if (!key) return new Response("Forbidden", { status: 403 });
    // Headers of an incoming request are immutable, those of its copy are not.
    const copy = new Request(request);
    copy.headers.delete(header("key"));
    for (const name of ["append", "delete", "set"]) Object.defineProperty(copy.headers, name, { value: refuseChange });
    return running.run(key.slice(0, key.indexOf("/")), () => respond(key, copy, env, context));
  },
};
