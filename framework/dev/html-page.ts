/** The HTML page around everything that `portico dev` itself shows, with a template tag that escapes values. */
import type { HttpRequest, HttpResponse } from "../model/http-message.ts";

/** Escaped HTML that is safe in a page. Only `markup` creates it. */
export interface Markup {
  readonly html: string;
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character]!);

type Part = Markup | string | number | undefined | readonly Part[];

const render = (part: Part): string => {
  if (part === undefined) return "";
  if (typeof part === "string" || typeof part === "number") return escapeHtml(String(part));
  return "html" in part ? part.html : part.map(render).join("");
};

/** A template tag that escapes every value but other markup. */
export const markup = (strings: TemplateStringsArray, ...values: readonly Part[]): Markup => ({
  html: strings.map((text, index) => text + render(values[index])).join(""),
});

// Values of light-dark() follow the browser's own setting.
const style = `
:root { color-scheme: light dark;
  --ink: light-dark(#1d2129, #e6e8ec); --soft: light-dark(#5b6472, #9aa3b2); --paper: light-dark(#f5f6f8, #14161a);
  --card: light-dark(#fff, #1c1f26); --line: light-dark(#dfe3e8, #2c313b); --alarm: light-dark(#c22f2f, #ff7b72);
  --mark: light-dark(#fdeaea, #3b1d20); --link: light-dark(#1a5fb4, #7fb4ff); }
* { box-sizing: border-box; }
body { margin: 0; padding: 2.5rem 1.25rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; }
h1 { font-size: 1.6rem; line-height: 1.3; margin: .25rem 0 .75rem; overflow-wrap: anywhere; white-space: pre-wrap; }
h2 { font-size: .95rem; margin: 1.75rem 0 .5rem; color: var(--soft); font-weight: 600; }
.kind { color: var(--alarm); font-weight: 600; }
.fix { border-left: 3px solid var(--link); padding: .1rem 0 .1rem .8rem; }
code, pre { font: 13.5px/1.6 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
pre { margin: 0; padding: .75rem 0; background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  tab-size: 2; white-space: pre-wrap; overflow-wrap: anywhere; }
pre.text { padding: .75rem 1rem; }
pre > span { display: block; padding: 0 1rem 0 calc(4.25ch + 2rem); text-indent: calc(-3ch - 1.25rem); }
pre .number { display: inline-block; min-width: 3ch; margin-right: 1.25rem; text-align: right; text-indent: 0;
  color: var(--soft); user-select: none; }
pre .failing { background: var(--mark); box-shadow: inset 3px 0 var(--alarm); }
mark { background: none; color: var(--alarm); text-decoration: underline; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.25rem; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; background: var(--card); border: 1px solid var(--line);
  border-radius: 8px; }
td { padding: .45rem 1rem; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
tr:first-child td { border-top: 0; } td + td { color: var(--soft); }
td.size { text-align: right; white-space: nowrap; }
a { color: var(--link); } footer { margin-top: 2rem; color: var(--soft); font-size: .85rem; }
`;

const encoder = new TextEncoder();

/** True for a client that names text/html in Accept, as browsers do for pages; a wildcard alone does not count. */
export const wantsHtml = (request: HttpRequest): boolean =>
  request.headers.some(([name, value]) => name.toLowerCase() === "accept" && /\btext\/html\b/i.test(value));

/** True for command-line clients that print responses, such as curl and `portico invoke`; other clients get JSON. */
export const wantsText = (request: HttpRequest): boolean => {
  const header = (lower: string): string => request.headers.find(([name]) => name.toLowerCase() === lower)?.[1] ?? "";
  return /^(?:curl|wget|httpie|xh|portico)\//i.test(header("user-agent")) && !/\bjson\b/i.test(header("accept"));
};

/** A plain text response that is neither sniffed nor cached. */
export function textResponse(status: number, text: string): HttpResponse {
  const headers = [
    ["content-type", "text/plain; charset=utf-8"],
    ["cache-control", "no-store"],
    ["x-content-type-options", "nosniff"],
  ] as const;
  return { status, headers, body: encoder.encode(`${text}\n`) };
}

/** A complete page. Its content security policy forbids scripts and all other resources. */
export function pageResponse(status: number, title: string, main: Markup): HttpResponse {
  const { html } = markup`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title}</title><style>${{ html: style }}</style></head>
<body><main>
${main}
</main></body>
</html>
`;
  const headers = [
    ["content-type", "text/html; charset=utf-8"],
    ["cache-control", "no-store"],
    [
      "content-security-policy",
      "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ],
    ["x-content-type-options", "nosniff"],
  ] as const;
  return { status, headers, body: encoder.encode(html) };
}
