/**
 * The runtime client inside an environment: polls for events, calls the handler that _HANDLER names and posts its
 * result, as AWS's client for Node 24 does. It speaks HTTP over a bare socket, since loading node:http alone would
 * double the start time.
 */

// An import would read every export, which loads as much again (docs/decisions/036).
const { closeSync, existsSync, readFileSync, readSync, writeSync } = process.getBuiltinModule("fs");
const { connect } = process.getBuiltinModule("net");
const { join } = process.getBuiltinModule("path");
const { pathToFileURL } = process.getBuiltinModule("url");

const { env } = process;
/** An environment ends with its Runtime API. */
const leave = () => process.exit(1);

// ── a spare process gets the address first, and its variables and folder once its function is known ──

const isSpare = env.PORTICO_SPARE !== undefined;

function readAddress() {
  const byte = Buffer.alloc(1);
  for (let text = ""; readSync(4, byte) > 0; text += byte) if (byte[0] === 10) return text;
  // It was discarded.
  return leave();
}

if (isSpare) {
  delete env.PORTICO_SPARE;
  env.AWS_LAMBDA_RUNTIME_API = readAddress();
}

const api = env.AWS_LAMBDA_RUNTIME_API;
const [host, port] = api.split(":");

// ── the Runtime API over one connection, one exchange at a time; the server always sends a Content-Length ──

let socket;
let received = Buffer.alloc(0);
let waiting;

function open() {
  socket = connect(Number(port), host);
  socket.setNoDelay(true);
  socket.on("close", leave);
  socket.on("error", leave);
  socket.on("data", take);
}

function take(part) {
  received = received.length === 0 ? part : Buffer.concat([received, part]);
  const end = received.indexOf("\r\n\r\n");
  if (end < 0) return;
  const [status, ...lines] = received.toString("latin1", 0, end).split("\r\n");
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
  );
  const size = end + 4 + Number(headers["content-length"]);
  if (received.length < size) return;
  const body = received.subarray(end + 4, size);
  received = received.subarray(size);
  // While the handler runs, only its own work keeps the process alive.
  socket.unref();
  waiting({ status: Number(status.split(" ")[1]), headers, body });
}

/** Sends a head and a body; resolves with the response, also to a request that the caller is still writing. */
function send(method, path, headers, body = "") {
  if (!socket) open();
  socket.ref();
  return new Promise((done) => {
    waiting = done;
    socket.write(
      `${method} /2018-06-01/runtime/${path} HTTP/1.1\r\nHost: ${api}\r\nUser-Agent: portico\r\n${headers}\r\n${body}`,
    );
  });
}

function exchange(method, path, body, headers = "") {
  const length =
    body === undefined ? "" : `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`;
  return send(method, path, headers + length, body);
}

// ── the function of a spare process, whose connection was made ahead (spare-process.ts) ──

if (isSpare) {
  open();
  await new Promise((done) => socket.once("connect", done));
  socket.unref();
  const text = readFileSync(4, "utf8");
  closeSync(4);
  // It was discarded.
  if (text === "") leave();
  const { variables, directory } = JSON.parse(text);
  Object.assign(env, variables);
  process.chdir(directory);
  // Node has read NODE_PATH at the start already.
  process.getBuiltinModule("module")._initPaths();
}

// ── reports beside the responses, over descriptor 3: failures, and the end of each event ──

const note = (record) => writeSync(3, `${JSON.stringify(record)}\n`);

function report(error, requestId) {
  const { name, message, stack, code } =
    error instanceof Error ? error : { name: typeof error, message: String(error), stack: "" };
  // As in Node's own stacks.
  const shown = typeof code === "string" ? `${name} [${code}]` : String(name);
  note({ requestId, failure: { name: shown, message: String(message), stack: String(stack ?? "") } });
}

let current;
// Not printed: `portico dev` shows it with its source position.
globalThis.porticoReport = report;
// A monitor only: Node still prints the error and exits with 1, as under AWS's client.
process.on("uncaughtExceptionMonitor", (error) => report(error, current));

// Node would buffer what does not fit into a pipe, and a frozen environment would not write it. So writes block until
// they are read, as those of AWS's client do. Reading process.stdout creates the stream, so its getter is wrapped.
for (const name of ["stdout", "stderr"]) {
  const { get, ...rest } = Object.getOwnPropertyDescriptor(process, name);
  const blocking = () => {
    const stream = get.call(process);
    stream._handle?.setBlocking?.(true);
    return stream;
  };
  Object.defineProperty(process, name, { ...rest, get: blocking });
}

console.fatal = console.error;
let logThrown = console.error;
if (env.AWS_LAMBDA_LOG_FORMAT) logThrown = (await import("./log-format.mjs")).formatConsole(() => current ?? "-");

// ── errors as AWS's client posts them ──

function errorDocument(error) {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error), trace: [] };
  return { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? "").split("\n") };
}

const named = (name, message) => Object.assign(new Error(message), { name });

function initError(error) {
  if (error instanceof SyntaxError)
    return Object.assign(named("Runtime.UserCodeSyntaxError", String(error)), { stack: error.stack });
  if (error?.code === "ERR_MODULE_NOT_FOUND" || error?.code === "MODULE_NOT_FOUND") {
    return Object.assign(named("Runtime.ImportModuleError", String(error)), { stack: error.stack });
  }
  return error;
}

// ── response streaming, whose module is loaded only for a handler that streams ──

const streaming = Symbol.for("aws.lambda.runtime.handler.streaming");
let streams;
globalThis.awslambda = {
  streamifyResponse: (handler) => Object.assign(handler, { [streaming]: "response" }),
  HttpResponseStream: { from: (stream, prelude) => streams.HttpResponseStream.from(stream, prelude) },
};

// ── the handler ──

async function loadHandler() {
  const name = env._HANDLER;
  const dot = name.indexOf(".", name.lastIndexOf("/") + 1);
  if (dot < 0 || name.includes(".."))
    throw named("Runtime.MalformedHandlerName", `'${name}' is not a valid handler name`);
  const path = join(env.LAMBDA_TASK_ROOT, name.slice(0, dot));
  const file = ["", ".js", ".mjs", ".cjs"]
    .map((ending) => path + ending)
    .find((candidate) => candidate !== path && existsSync(candidate));
  if (!file) throw named("Runtime.ImportModuleError", `Error: Cannot find module '${name.slice(0, dot)}'`);
  const module = await import(pathToFileURL(file).href);
  const find = (from) =>
    name
      .slice(dot + 1)
      .split(".")
      .reduce((value, key) => value?.[key], from);
  const handler = find(module) ?? find(module.default);
  if (handler === undefined) throw named("Runtime.HandlerNotFound", `${name} is undefined or not exported`);
  if (typeof handler !== "function") throw named("Runtime.HandlerNotFound", `${name} is not a function`);
  if (handler.length >= 3 && !handler[streaming]) {
    throw named(
      "Runtime.CallbackHandlerDeprecated",
      "AWS Lambda has removed support for callback-based function handlers starting with Node.js 24.",
    );
  }
  return handler;
}

function contextOf(headers) {
  const parse = (name) => (headers[name] === undefined ? undefined : JSON.parse(headers[name]));
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  return {
    clientContext: parse("lambda-runtime-client-context"),
    identity: parse("lambda-runtime-cognito-identity"),
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    tenantId: headers["lambda-runtime-aws-tenant-id"],
    xRayTraceId: headers["lambda-runtime-trace-id"],
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
}

function stringify(result) {
  try {
    return JSON.stringify(result === undefined ? null : result) ?? "null";
  } catch (cause) {
    throw Object.assign(named("Runtime.JSONStringifyError", "Unable to stringify response body"), { cause });
  }
}

async function next() {
  const { headers, body } = await exchange("GET", "invocation/next");
  current = headers["lambda-runtime-aws-request-id"];
  env._X_AMZN_TRACE_ID = headers["lambda-runtime-trace-id"];
  return { headers, body: body.toString() };
}

async function handleOne(handler) {
  const { headers, body } = await next();
  let verb = "response";
  let payload;
  try {
    payload = stringify(await handler(JSON.parse(body), contextOf(headers)));
  } catch (error) {
    report(error, current);
    logThrown(error);
    verb = "error";
    payload = JSON.stringify(errorDocument(error));
  }
  note({ requestId: current, done: true });
  await exchange("POST", `invocation/${current}/${verb}`, payload);
}

async function streamOne(handler) {
  const { headers, body } = await next();
  const { stream, answered, fail } = streams.openStream(socket, (more) => {
    note({ requestId: current, streaming: true });
    return send("POST", `invocation/${current}/response`, more);
  });
  // The event ends with its response, whatever the handler still does.
  stream.on("finish", () => note({ requestId: current, done: true }));
  try {
    const running = handler(JSON.parse(body), stream, contextOf(headers));
    if (typeof running?.then !== "function") throw new Error("Streaming does not support non-async handlers.");
    await running;
  } catch (error) {
    report(error, current);
    logThrown(error);
    fail(errorDocument(error));
  }
  // A stream without an end lasts until the function's timeout, as under AWS's client.
  if (!stream.writableFinished) await new Promise((done) => stream.once("finish", done));
  await answered();
}

async function main() {
  let handler;
  try {
    handler = await loadHandler();
  } catch (cause) {
    report(cause, current);
    // Without a log format this is `portico dev`, which prints the error itself.
    if (env.AWS_LAMBDA_LOG_FORMAT) logThrown(cause);
    const error = errorDocument(initError(cause));
    await exchange(
      "POST",
      "init/error",
      JSON.stringify(error),
      `Lambda-Runtime-Function-Error-Type: ${error.errorType.replace(/[^\w.]/g, "")}\r\n`,
    );
    process.exit(1);
  }
  if (!handler[streaming]) for (;;) await handleOne(handler);
  streams = await import("./bootstrap-stream.mjs");
  for (;;) await streamOne(handler);
}

// Not awaited at the top level: a promise that never settles ends the process with 0, as under AWS's client.
void main();
