/** The main module of a function's isolate, in development only: the function's module in, the same with failures reported and production's limits in force. */
/* PORTICO_TOKEN, PORTICO_FUNCTION, PORTICO_MAIN and PORTICO_DERIVES_KEYS are replaced when the isolate is made. */

const failures = new Map();
const toFailure = (error) => ({
  name: error?.name ?? typeof error,
  message: String(error?.message ?? error),
  stack: String(error?.stack ?? error),
});

globalThis.porticoReport = (error, requestId) => {
  console.error(requestId, error);
  failures.set(requestId, toFailure(error));
};

for (const level of ["debug", "error", "info", "log", "warn"]) {
  const print = console[level].bind(console);
  console[level] = (...values) => print("[PORTICO_FUNCTION]", ...values);
}

/* Cloudflare refuses more than 100,000 PBKDF2 iterations; workerd alone does not (facts/cloudflare.md section 3). */
const tooMany = (iterations) =>
  new DOMException(`Pbkdf2 failed: iteration counts above 100000 are not supported (requested ${iterations}).`, "NotSupportedError");
const { subtle } = crypto;
for (const name of ["deriveBits", "deriveKey"]) {
  const derive = subtle[name].bind(subtle);
  Object.defineProperty(subtle, name, {
    value: (algorithm, ...rest) => {
      if (algorithm?.name?.toUpperCase?.() !== "PBKDF2" || algorithm.iterations <= 100_000) return derive(algorithm, ...rest);
      return Promise.reject(tooMany(algorithm.iterations));
    },
  });
}
/* Loading node:crypto doubles the time of a new isolate (7 to 15 ms), so only where the module names pbkdf2. */
const nodeCrypto = PORTICO_DERIVES_KEYS && process.getBuiltinModule("node:crypto");
for (const name of nodeCrypto ? ["pbkdf2", "pbkdf2Sync"] : []) {
  const derive = nodeCrypto[name];
  nodeCrypto[name] = (password, salt, iterations, ...rest) => {
    if (iterations > 100_000) throw tooMany(iterations);
    return derive(password, salt, iterations, ...rest);
  };
}

let worker;
let initFailure;
try {
  worker = (await import("./PORTICO_MAIN")).default;
} catch (error) {
  console.error(error);
  initFailure = toFailure(error);
}

const withFailure = (response, failure) => {
  const answer = new Response(response.body, response);
  answer.headers.set("x-PORTICO_TOKEN-failure", encodeURIComponent(JSON.stringify(failure)));
  return answer;
};

export default {
  async fetch(request, env, context) {
    const requestId = request.headers.get("cf-ray");
    if (initFailure) return withFailure(Response.json({ error: "Internal Server Error", requestId }, { status: 500 }), initFailure);
    const response = await worker.fetch(request, env, context);
    const failure = failures.get(requestId);
    failures.delete(requestId);
    return failure ? withFailure(response, failure) : response;
  },
};
