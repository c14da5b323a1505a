/**
 * In place of the native half of AWS's runtime client, which needs a compiler: next, done and error of the Runtime API
 * over node:http.
 */
import http from "node:http";
import Module from "node:module";

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

const exchange = (method, path, body, headers = {}) =>
  new Promise((resolve, reject) => {
    const request = http.request(
      { host, port, agent, method, path: `/2018-06-01/runtime/invocation/${path}`, headers },
      async (response) => {
        const parts = await response.toArray();
        resolve({ status: response.statusCode, headers: response.headers, bodyJson: Buffer.concat(parts).toString() });
      },
    );
    request.on("error", reject).end(body);
  });

// The native ones block until they are through; here the next one waits for the last.
let last = Promise.resolve();
const post = (path, body, headers) => {
  last = exchange("POST", path, body, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    ...headers,
  });
};
// A header's bytes cannot hold what V8 writes of an error in any language.
const ascii = (text) =>
  text.replace(/[^\x20-\x7e]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);

/**
 * After a stream that failed AWS's client does not wait for the answer, so that this may overtake the stream's end on
 * another connection.
 */
async function next(tries = 100) {
  await last;
  const event = await exchange("GET", "next", undefined, { "user-agent": "AWS_Lambda_Cpp/0.2.6" });
  if (event.status !== 403 || tries === 0) return event;
  await new Promise((resume) => setTimeout(resume, 10));
  return next(tries - 1);
}

const client = {
  next: () => next(),
  done: (id, body) => post(`${id}/response`, body),
  error: (id, body, cause) => post(`${id}/error`, body, { "lambda-runtime-function-xray-error-cause": ascii(cause) }),
};

const load = Module._load;
Module._load = (name, ...rest) => (name === "./rapid-client.node" ? client : load(name, ...rest));
