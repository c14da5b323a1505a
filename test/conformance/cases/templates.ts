/** Cases: pages of templates, which are compiled for every runtime. */
import { type Case, caseOf } from "../case.ts";

const fixture = caseOf("fixture");

const page = (list: string, count: number): string =>
  `<!doctype html>\n<title>한 &lt;LIST&gt; · base</title>\n<ul>${list}</ul>` +
  `<p>more <b><i>&lt;</i></b></p><footer>${count} of none</footer>`;

/** Inheritance, macros, includes, escaping, status, Hono, an error. */
export const templates: readonly Case[] = [
  fixture("a page with inheritance, macros and includes", "/templates/list?name=Ann&name=%3Cb%26%22", {
    status: 203,
    headers: { "content-type": /^text\/html; ?charset=utf-8$/i, "x-page": "list" },
    body: page("<li>Ann</li><li>&lt;b&amp;&#34;</li>", 2),
  }),
  fixture("a page without items", "/templates/list", { status: 203, body: page("nobody", 0) }),
  fixture("a template's response from a Hono app", "/templates/hono", {
    status: 200,
    headers: { "content-type": /^text\/html; ?charset=utf-8$/i },
    body: "<footer>1 of none</footer>",
  }),
  fixture("a template's text in a Hono app", "/templates/hono?text", {
    status: 200,
    headers: { "content-type": /^text\/html; ?charset=utf-8$/i },
    body: "<footer>&lt;2&gt; of none</footer>",
  }),
  fixture("a template that fails", "/templates/fails", { status: 500 }),
];
