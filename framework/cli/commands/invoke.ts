/** `portico invoke [METHOD] /path`: a request in words in, the answer's status, headers, body and timing out. */
import { readFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { resolve } from "node:path";
import { text as readAll } from "node:stream/consumers";
import { UserError } from "../../model/user-error.ts";
import type { CommandInput } from "../command.ts";
import { portFlag, textFlag } from "../flags.ts";
import { stageUrl } from "./stage-url.ts";

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string[]>>;
  readonly body: Uint8Array | undefined;
}

interface Answer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
  readonly milliseconds: number;
}

/** Exit code 1 on a 5xx answer or when nothing answers. */
export async function invoke(input: CommandInput): Promise<number> {
  const asked = await toAsked(input);
  const base = await toBase(input);
  const answer = await send(base, asked);
  print(input, answer);
  return answer.status >= 500 ? 1 : 0;
}

async function toAsked(input: CommandInput): Promise<Asked> {
  const words = (input.args[0] as readonly string[] | undefined) ?? [];
  const [first = "", second] = words;
  const body = await toBody(input);
  const method = second === undefined ? (body ? "POST" : "GET") : first.toUpperCase();
  const path = second ?? first;
  if (words.length > 2 || !path.startsWith("/") || !/^[A-Z]+$/.test(method)) {
    const what = words.length ? `"${words.join(" ")}" is no [METHOD] /path` : "no path is given";
    throw new UserError("USAGE", what, "write it as: portico invoke POST /guestbook -d name=Ada");
  }
  const headers: Record<string, string[]> = {};
  for (const line of (input.flags["header"] as readonly string[] | undefined) ?? []) {
    const [, name, value] = /^([!#$%&'*+\-.^_`|~\w]+):\s*(.*)$/.exec(line) ?? [];
    if (!name) throw new UserError("USAGE", `"${line}" is no header`, 'write it as -H "name: value"');
    (headers[name.toLowerCase()] ??= []).push(value ?? "");
  }
  // As a browser's form and as curl do.
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

async function toBody(input: CommandInput): Promise<Uint8Array | undefined> {
  const data = textFlag(input, "data");
  if (data === undefined) return undefined;
  if (data === "@-") return Buffer.from(await readAll(process.stdin));
  if (!data.startsWith("@")) return Buffer.from(data);
  const file = resolve(input.cwd, data.slice(1));
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new UserError("FILE_MISSING", `cannot read ${file}`, "check the file name after -d @", { cause });
  }
}

async function toBase(input: CommandInput): Promise<URL> {
  const url = textFlag(input, "url");
  if (url !== undefined) {
    const base = URL.canParse(url) ? new URL(url) : undefined;
    if (base && /^https?:$/.test(base.protocol)) return base;
    throw new UserError("BAD_URL", `"${url}" is no http or https URL`, "give the root URL: --url https://example.com");
  }
  const stage = textFlag(input, "stage");
  if (stage !== undefined && stage !== "dev") return stageUrl(input, stage);
  return new URL(`http://127.0.0.1:${portFlag(input, 3000)}`);
}

/** Sends the path as it was typed: nothing is normalised, so that `/%2e%2e/` can be tried; only what HTTP cannot carry is escaped. */
function send(base: URL, { method, path, headers, body }: Asked): Promise<Answer> {
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
      headers: { ...headers, ...(body && { "content-length": body.byteLength }) },
      setHost: !headers["host"],
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
    request.on("error", (cause: NodeJS.ErrnoException) =>
      fail(
        new UserError(
          "NO_ANSWER",
          `${base.origin} does not answer (${cause.code ?? cause.message})`,
          "start it with portico dev, or give --port, --stage or --url",
          {
            cause,
          },
        ),
      ),
    );
    request.end(body);
  });
}

function print({ reporter }: CommandInput, { status, statusText, headers, body, milliseconds }: Answer): void {
  const text = isText(body) ? body.toString() : undefined;
  const time = `${milliseconds.toFixed(1)} ms`;
  if (!reporter.json) {
    reporter.line(
      `${reporter.paint(status < 400 ? "green" : "red", `${status} ${statusText}`)}  ${reporter.paint("dim", `${time}, ${body.length} bytes`)}`,
    );
    for (const [name, value] of headers) reporter.line(`${reporter.paint("cyan", name)}: ${value}`);
    reporter.line();
  }
  reporter.result(text ?? `(${body.length} bytes that are no text)`, {
    status,
    headers,
    ...(text === undefined ? { bodyBase64: body.toString("base64") } : { body: text }),
    milliseconds,
  });
}

function isText(body: Buffer): boolean {
  return !body.includes(0) && process.getBuiltinModule("node:buffer").isUtf8(body);
}
