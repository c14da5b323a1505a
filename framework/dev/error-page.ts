/** The error responses of `portico dev` in place of a bare 500: a page for browsers, text for curl, JSON for others. */
import { failureAdvice, frameText, type MappedFailure, type SourceFrame } from "./source-frame.ts";
import type { At, UserError } from "../model/user-error.ts";
import { type HttpRequest, type HttpResponse, jsonResponse } from "../model/http-message.ts";
import { type Markup, markup, pageResponse, textResponse, wantsHtml, wantsText } from "./html-page.ts";

/** A request that failed, and its route. */
export interface FailedRequest {
  readonly request: HttpRequest;
  readonly requestId: string;
  /** Its pattern, `/users/:id`. */
  readonly route: string;
  readonly file: string;
}

/**
 * The response for a function that threw.
 * @param status of the emulation's response
 */
export function failureResponse(status: number, failure: MappedFailure, failed: FailedRequest): HttpResponse {
  if (wantsHtml(failed.request)) return failurePage(status, failure, failed);
  return wantsText(failed.request)
    ? textResponse(status, failureText(failure, failed))
    : jsonResponse(status, failureJson(failure, failed));
}

/** For a terminal. */
function failureText(failure: MappedFailure, { request, requestId, route, file }: FailedRequest): string {
  const { name, message, stack, frame } = failure;
  const place = frame ? `${frame.file}:${frame.line}:${frame.column}` : file;
  const calls = stack.split("\n").filter((line) => /^\s+at /.test(line));
  return [
    `${name}: ${message}`,
    `  in ${route}, ${place}`,
    ...(frame?.excerpt.length ? ["", frameText(frame)] : []),
    ...failureAdvice(failure).flatMap((text) => ["", text]),
    ...(calls.length ? ["", ...calls] : []),
    "",
    `${request.method} ${request.target}, request id ${requestId}`,
  ].join("\n");
}

/** The response for a function that does not build. */
export function buildErrorResponse(error: UserError, failed: FailedRequest): HttpResponse {
  const { code, message, at, fix } = error;
  if (wantsText(failed.request))
    return textResponse(500, [`${code}: ${message}`, ...at.map(placeText), `fix: ${fix}`].join("\n"));
  if (!wantsHtml(failed.request)) return jsonResponse(500, { error: { code, message, at, fix } });
  const main = markup`<div class="kind">${code}</div>
<h1>${message}</h1>
${at.map(buildErrorLocation)}
<h2>How to fix it</h2><p class="fix">${fix}</p>
${requestFacts(failed)}
<footer>The other routes keep serving. This page is only shown by portico dev.</footer>`;
  return pageResponse(500, `${code}: ${message}`, main);
}

/** The response of a production build, with the details that only development may show. */
function failureJson(
  { name, message, stack, frame, cycle, browserBuild }: MappedFailure,
  { request, requestId, route, file }: FailedRequest,
): object {
  const at = frame && { file: frame.file, line: frame.line, column: frame.column, frame: frameText(frame) };
  return {
    error: "Internal Server Error",
    requestId,
    failure: { name, message, at, stack, cycle, browserBuild },
    request: { method: request.method, target: request.target, route, file },
  };
}

function failurePage(status: number, failure: MappedFailure, failed: FailedRequest): HttpResponse {
  const { name, message, stack, frame } = failure;
  const main = markup`<div class="kind">${name}</div>
<h1>${message || "(no message)"}</h1>
${frame && sourceMarkup(frame)}
${failureAdvice(failure).map((text) => markup`<p class="fix">${text}</p>`)}
<h2>Stack</h2><pre class="text">${stack}</pre>
${requestFacts(failed)}
<footer>Clients of a deployed release see only the status ${status} and the request id.
This page is only shown by portico dev.</footer>`;
  return pageResponse(status, `${name}: ${message}`, main);
}

/** A line whose word at the column is marked. A caret in the next line would be misplaced where the line wraps. */
function marked(text: string, column: number): Markup {
  const [before, rest] = [text.slice(0, column - 1), text.slice(column - 1)];
  const [word = ""] = /^[\w$]+|^./.exec(rest) ?? [];
  return markup`${before}<mark>${word}</mark>${rest.slice(word.length)}`;
}

function sourceMarkup(frame: SourceFrame): Markup {
  const place = markup`<h2><code>${frame.file}:${frame.line}:${frame.column}</code></h2>`;
  if (frame.excerpt.length === 0) return place;
  const width = String(frame.excerpt.at(-1)?.number).length;
  const lines = frame.excerpt.map(({ number, text, failing }) => {
    const style = failing ? { html: ' class="failing"' } : undefined;
    const gutter = markup`<span class="number">${String(number).padStart(width)}</span>`;
    return markup`<span${style}>${gutter}${failing ? marked(text, frame.column) : text}</span>`;
  });
  return markup`${place}<pre>${lines}</pre>`;
}

const placeOf = ({ file, line, column }: At): string =>
  [file, line, column].filter((part) => part !== undefined).join(":");

const placeText = (at: At): string => `  at ${placeOf(at)}${at.frame ? `\n\n${at.frame}\n` : ""}`;

const buildErrorLocation = (at: At): Markup =>
  markup`<h2><code>${placeOf(at)}</code></h2>${at.frame ? markup`<pre class="text">${at.frame}</pre>` : undefined}`;

const requestFacts = ({ request, requestId, route, file }: FailedRequest): Markup => markup`<h2>Request</h2>
<dl><dt>Request</dt><dd><code>${request.method} ${request.target}</code></dd>
<dt>Route</dt><dd><code>${route}</code> in <code>${file}</code></dd>
<dt>Request id</dt><dd><code>${requestId}</code></dd></dl>`;
