/** The main module of a function's isolate, in development only: the function's module in, the same with failures reported and production's limits in force. */
/* PORTICO_TOKEN, PORTICO_FUNCTION and PORTICO_MAIN are replaced when the isolate is made. */

import "./pbkdf2-cap.mjs";

const failures = new Map();
/* It leaves in a header, of which workerd takes 1 MB; a character may need nine bytes there. */
const maxText = 32_000;
const toFailure = (error) => ({
  name: error?.name ?? typeof error,
  message: String(error?.message ?? error).slice(0, maxText),
  stack: String(error?.stack ?? error).slice(0, maxText),
});

globalThis.porticoReport = (error, requestId) => {
  console.error(requestId, error);
  failures.set(requestId, toFailure(error));
};

for (const level of ["debug", "error", "info", "log", "warn"]) {
  const print = console[level].bind(console);
  console[level] = (...values) => print("[PORTICO_FUNCTION]", ...values);
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
