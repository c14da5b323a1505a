/** `portico invoke`: sends one HTTP request to dev, a stage or a URL, and prints the response and its duration. */
import { isUtf8 } from "node:buffer";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { isAbsolute, relative, resolve, sep } from "node:path";
import { text as readAll } from "node:stream/consumers";
import { requestIdentity } from "../../dev/server-identity.ts";
import { UserError } from "../../model/user-error.ts";
import type { CommandInput } from "../command.ts";
import { portFlag, textFlag } from "../flags.ts";
import { useProxy } from "../proxy.ts";
import { withPrefix } from "../release-targets.ts";
import type { Reporter } from "../reporter.ts";
import { type StageUrl, stageUrls } from "../stage-url.ts";

interface InvokeRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string[]>>;
  readonly body: Uint8Array | undefined;
}

interface InvokeResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
  readonly milliseconds: number;
}

/** Exit code 1 for a 5xx response or no response. The clouds of a stage get the request one after the other. */
export async function invoke(input: CommandInput): Promise<number> {
  const { reporter } = input;
  const request = await toRequest(input);
  const stage = textFlag(input, "stage");
  const isStage = stage !== undefined && stage !== "dev" && textFlag(input, "url") === undefined;
  if (!isStage) return exchange(reporter, await toBase(input), request);
  const clouds = await stageUrls(input, stage);
  const [cloud, second] = clouds;
  if (cloud && !second) return exchange(reporter, await cloud.find(), request, cloud);
  let worst = 0;
  for (const each of clouds) worst = Math.max(worst, await exchangeWithPrefix(reporter, each, request));
  return worst;
}

async function exchange(
  reporter: Reporter,
  base: URL,
  request: InvokeRequest,
  { target }: Partial<StageUrl> = {},
  prefix = "",
): Promise<number> {
  const response = await send(base, request);
  print(reporter, response, { ...(target && { target }), prefix });
  return response.status >= 500 ? 1 : 0;
}

/** Prints an error with the cloud's prefix, so that the other cloud still gets the request. */
async function exchangeWithPrefix(reporter: Reporter, cloud: StageUrl, request: InvokeRequest): Promise<number> {
  const prefix = `${cloud.target}: `;
  try {
    return await exchange(reporter, await cloud.find(), request, cloud, prefix);
  } catch (error) {
    reporter.error(withPrefix(error, prefix));
    return 1;
  }
}

async function toRequest(input: Pick<CommandInput, "args" | "cwd" | "flags">): Promise<InvokeRequest> {
  const args = (input.args[0] as readonly string[] | undefined) ?? [];
  const [first = "", second] = args;
  const body = await toBody(input);
  const method = second === undefined ? (body ? "POST" : "GET") : first.toUpperCase();
  const path = second ?? first;
  if (args.length > 2 || !path.startsWith("/") || !/^[A-Z]+$/.test(method)) {
    const mistake = args.length ? `"${args.join(" ")}" is no [METHOD] /path` : "no path is given";
    throw new UserError("USAGE", mistake, "Write it as: portico invoke POST /guestbook -d name=Ada");
  }
  const headers: Record<string, string[]> = {};
  for (const line of (input.flags["header"] as readonly string[] | undefined) ?? []) {
    const [, name, value] = /^([!#$%&'*+\-.^_`|~\w]+):\s*(.*)$/.exec(line) ?? [];
    if (!name) throw new UserError("USAGE", `"${line}" is no header`, 'Write it as -H "name: value"');
    (headers[name.toLowerCase()] ??= []).push(value ?? "");
  }
  // The default content type of HTML forms and of curl.
  if (body && !headers["content-type"])
    headers["content-type"] = [looksLikeJson(body) ? "application/json" : "application/x-www-form-urlencoded"];
  return { method, path, headers, body };
}

function looksLikeJson(body: Uint8Array): boolean {
  try {
    return typeof JSON.parse(Buffer.from(body).toString()) === "object";
  } catch {
    return false;
  }
}

async function toBody(input: Pick<CommandInput, "cwd" | "flags">): Promise<Uint8Array | undefined> {
  const data = textFlag(input, "data");
  if (data === undefined) return undefined;
  if (data === "@-") return Buffer.from(await readAll(process.stdin));
  if (!data.startsWith("@")) return Buffer.from(data);
  const file = resolve(input.cwd, data.slice(1));
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new UserError("FILE_MISSING", `cannot read ${file}`, "Check the file name after -d @.", { cause });
  }
}

async function toBase(input: Pick<CommandInput, "cwd" | "flags" | "reporter">): Promise<URL> {
  const url = textFlag(input, "url");
  if (url !== undefined) {
    useProxy();
    const base = URL.canParse(url) ? new URL(url) : undefined;
    if (base && /^https?:$/.test(base.protocol)) return base;
    throw new UserError("BAD_URL", `"${url}" is no http or https URL`, "Give the root URL: --url https://example.com");
  }
  const port = portFlag(input, 3000);
  await checkServedApp(input, port);
  return new URL(`http://127.0.0.1:${port}`);
}

/**
 * Checks that the server on the port is `portico dev` of this folder, of one in it or of one above it. For another
 * server it warns if --port is given. Throws UserError OTHER_APP otherwise, and NO_ANSWER.
 */
async function checkServedApp(input: Pick<CommandInput, "cwd" | "flags" | "reporter">, port: number): Promise<void> {
  const identity = await requestIdentity(port).catch((cause: NodeJS.ErrnoException) => {
    throw noAnswer(`http://127.0.0.1:${port}`, cause);
  });
  const hasPortFlag = textFlag(input, "port") !== undefined;
  if (identity && (isInside(input.cwd, identity.root) || isInside(identity.root, input.cwd))) return;
  if (!identity && hasPortFlag) return;
  const server = identity ? `portico dev of ${identity.root}` : "another server than portico dev";
  if (hasPortFlag) return input.reporter.warn(`port ${port} is that of ${server}`);
  throw new UserError(
    "OTHER_APP",
    `port ${port} is that of ${server}, not of the app in ${input.cwd}`,
    "Start this app with portico dev --port 0, which prints its port, and add --port with that port; " +
      `or add --port ${port} to send the request to the other server.`,
  );
}

function isInside(folder: string, path: string): boolean {
  const [from, to] = [folder, path].map((each) => (existsSync(each) ? realpathSync(each) : each)) as [string, string];
  const between = relative(from, to);
  return between === "" || (!isAbsolute(between) && between.split(sep)[0] !== "..");
}

/** Sends the path without normalising it, so that `/%2e%2e/` can be tested. Escapes characters that HTTP forbids. */
function send(base: URL, { method, path, headers, body }: InvokeRequest): Promise<InvokeResponse> {
  const prefix = base.pathname.replace(/\/$/, "");
  // oxlint-disable-next-line no-control-regex -- these are the characters that a request line cannot hold
  const target = prefix + path.replace(/[^\x21-\x7e]+/g, (part) => encodeURIComponent(part.toWellFormed()));
  const started = performance.now();
  return new Promise((done, fail) => {
    const request = (base.protocol === "https:" ? httpsRequest : httpRequest)({
      hostname: base.hostname.replace(/^\[|\]$/g, ""),
      port: base.port,
      path: target,
      method,
      // portico dev answers this user agent with errors as text, as it does curl's.
      headers: { "user-agent": "portico/invoke", ...headers, ...(body && { "content-length": body.byteLength }) },
      setHost: !headers["host"],
      // Without the global agent the request uses no proxy.
      ...(isLoopback(base) && { agent: false }),
    });
    request.on("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", fail);
      response.on("end", () => {
        const raw = response.rawHeaders;
        const pairs = raw.flatMap((name, at) => (at % 2 ? [] : [[name.toLowerCase(), raw[at + 1] ?? ""] as const]));
        const { statusCode = 0, statusMessage = "" } = response;
        done({
          status: statusCode,
          statusText: statusMessage,
          headers: pairs,
          body: Buffer.concat(chunks),
          milliseconds: performance.now() - started,
        });
      });
    });
    request.on("error", (cause) => fail(noAnswer(base.origin, cause)));
    request.end(body);
  });
}

const noAnswer = (origin: string, cause: NodeJS.ErrnoException): UserError =>
  new UserError(
    "NO_ANSWER",
    `${origin} does not answer (${cause.code ?? cause.message})`,
    "Start it with portico dev, or give --port, --stage or --url.",
    { cause },
  );

const isLoopback = ({ hostname }: URL): boolean => /^(?:127\.\d+\.\d+\.\d+|\[::1\]|(?:.+\.)?localhost)$/.test(hostname);

function print(
  reporter: Reporter,
  { status, statusText, headers, body, milliseconds }: InvokeResponse,
  { target, prefix }: { readonly target?: string; readonly prefix: string },
): void {
  const text = isText(body) ? body.toString() : undefined;
  const time = `${milliseconds.toFixed(1)} ms`;
  if (!reporter.json) {
    const statusLine = reporter.paint(status < 400 ? "green" : "red", `${status} ${statusText}`);
    reporter.line(`${prefix}${statusLine}  ${reporter.paint("dim", `${time}, ${body.length} bytes`)}`);
    for (const [name, value] of headers) reporter.line(`${prefix}${reporter.paint("cyan", name)}: ${value}`);
    reporter.line();
  }
  const shown = text ?? `(${body.length} bytes that are no text)`;
  reporter.result(shown.replace(/^(?=.)/gm, prefix), {
    ...(target && { target }),
    status,
    headers,
    ...(text === undefined ? { bodyBase64: body.toString("base64") } : { body: text }),
    milliseconds,
  });
}

function isText(body: Buffer): boolean {
  return !body.includes(0) && isUtf8(body);
}
