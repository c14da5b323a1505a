/** What `portico dev` answers instead of a bare 500: the facts of a failure in, a page for browsers or JSON for others out. */
import { frameText, type MappedFailure, type SourceFrame } from "./source-frame.ts";
import type { At, UserError } from "../model/user-error.ts";
import type { WireRequest, WireResponse } from "../model/wire.ts";
import { jsonAnswer } from "./guard.ts";
import { type Markup, markup, pageResponse, wantsHtml } from "./page.ts";

/** Which request failed. */
export interface FailedCall {
  readonly request: WireRequest;
  readonly requestId: string;
  /** For people: `/users/:id`, and its file. */
  readonly route: string;
  readonly file: string;
}

/**
 * A function threw.
 * @param status the emulation's own, kept
 */
export function failureResponse(status: number, failure: MappedFailure, call: FailedCall): WireResponse {
  return wantsHtml(call.request) ? failurePage(status, failure, call) : jsonAnswer(status, failureJson(failure, call));
}

/** A function does not build. */
export function brokenResponse(error: UserError, call: FailedCall): WireResponse {
  const { code, message, at, fix } = error;
  if (!wantsHtml(call.request)) return jsonAnswer(500, { error: { code, message, at, fix } });
  const main = markup`<div class="kind">${code}</div>
<h1>${message}</h1>
${at.map(brokenPlace)}
<h2>How to fix it</h2><p class="fix">${fix}</p>
${callFacts(call)}
<footer>The other routes keep serving. This page is only shown by portico dev.</footer>`;
  return pageResponse(500, `${code}: ${message}`, main);
}

/** The answer that a production build gives, and beside it what only development may show. */
function failureJson({ name, message, stack, frame }: MappedFailure, { request, requestId, route, file }: FailedCall): object {
  const at = frame && { file: frame.file, line: frame.line, column: frame.column, frame: frameText(frame) };
  return {
    error: "Internal Server Error",
    requestId,
    failure: { name, message, at, stack },
    request: { method: request.method, target: request.target, route, file },
  };
}

function failurePage(status: number, failure: MappedFailure, call: FailedCall): WireResponse {
  const { name, message, stack, frame } = failure;
  const main = markup`<div class="kind">${name}</div>
<h1>${message || "(no message)"}</h1>
${frame && sourceMarkup(frame)}
<h2>Stack</h2><pre class="text">${stack}</pre>
${callFacts(call)}
<footer>Clients of a deployed release see the status ${status} and the request id, nothing else. This page is only shown by portico dev.</footer>`;
  return pageResponse(status, `${name}: ${message}`, main);
}

function sourceMarkup(frame: SourceFrame): Markup {
  const place = markup`<h2><code>${frame.file}:${frame.line}:${frame.column}</code></h2>`;
  if (frame.excerpt.length === 0) return place;
  const width = String(frame.excerpt.at(-1)?.number).length;
  const lines = frame.excerpt.map(({ number, text, failing }) => {
    const line = markup`<span${failing ? { html: ' class="failing"' } : undefined}><span class="number">${String(number).padStart(width)}</span>${text}</span>`;
    if (!failing) return line;
    const before = text.slice(0, frame.column - 1).replace(/[^\t]/g, " ");
    return markup`${line}<span class="caret"><span class="number">${" ".repeat(width)}</span>${before}^</span>`;
  });
  return markup`${place}<pre>${lines}</pre>`;
}

function brokenPlace({ file, line, column, frame }: At): Markup {
  const place = [file, line, column].filter((part) => part !== undefined).join(":");
  return markup`<h2><code>${place}</code></h2>${frame && markup`<pre class="text">${frame}</pre>`}`;
}

const callFacts = ({ request, requestId, route, file }: FailedCall): Markup => markup`<h2>Request</h2>
<dl><dt>Request</dt><dd><code>${request.method} ${request.target}</code></dd>
<dt>Route</dt><dd><code>${route}</code> in <code>${file}</code></dd>
<dt>Request id</dt><dd><code>${requestId}</code></dd></dl>`;
