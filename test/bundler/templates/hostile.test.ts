/** Hostile texts in every position where escaping promises something, read by an HTML5 parser: none breaks out. */
import { parse, type DefaultTreeAdapterTypes as Tree } from "parse5";
import { html, raw } from "hono/html";
import { Fragment, jsx } from "hono/jsx";
import { expect, test } from "vitest";
import { compileTemplate } from "../../../framework/bundler/templates/compiler.ts";
import { renderAll, renderEach } from "./rendering.ts";

/** What browsers have been attacked with: tags, quotes, entities, comments, ends of raw text, odd white space. */
const parts = [
  ...[
    "<",
    ">",
    '"',
    "'",
    "&",
    "/",
    "=",
    "`",
    "-->",
    "<!--",
    "]]>",
    "</",
    "<script>",
    "</script>",
    "<img src=x onerror=x>",
  ],
  ...[
    "<svg/onload=x>",
    '"><b>',
    "'><b>",
    "' onclick='x",
    '" onclick="x',
    "javascript:x",
    "&lt;b&gt;",
    "&#60;b&#62;",
    "&amp",
  ],
  ...[
    "</textarea>",
    "</title>",
    "<style>",
    "<iframe srcdoc=x>",
    "<a href=x>",
    "{{ x }}",
    "{% raw %}",
    "${x}",
    "%3Cb%3E",
  ],
  ...[
    "\u0001",
    "\t",
    "\n",
    "\u2028",
    "\ufeff",
    "\u00a0",
    "\ud800",
    "＜b＞",
    "ſcript",
    "%00",
    "\\x3c",
    "\\u003c",
    "é",
    "한",
  ],
];

/** Mulberry32. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const next = random(Number(process.env["PORTICO_SEED"]));
const some = (): string => parts[Math.floor(next() * parts.length)]!;
const hostile = [...parts, ...Array.from({ length: 1200 }, () => some() + some() + some() + some())];

/** Each puts the value into one element's text or attribute; what `shown` gives is what a reader of the page has. */
const positions: readonly (readonly [template: string, shown?: (text: string) => string])[] = [
  ["<i>{{ x }}</i>"],
  ['<i title="{{ x }}"></i>'],
  ["<i title='{{ x }}'></i>"],
  ["<textarea>x{{ x }}</textarea>", (text) => `x${text}`],
  ["<title>{{ x }}</title>"],
  ["<i>{{ 'p'|safe|replace('p', x) }}</i>"],
  ["<i>{{ 'a'|safe ~ x }}</i>", (text) => `a${text}`],
  ["<i>{{ 'a'|safe + x }}</i>", (text) => `a${text}`],
  ["<i>{{ [x, ''|safe]|join }}</i>"],
  ["<i>{{ ['a', 'b'|safe]|join(x) }}</i>", (text) => `a${text}b`],
  ["<i>{{ '%s'|safe|format(x) }}</i>"],
  ['{% macro m(v) %}<i title="{{ v }}"></i>{% endmacro %}{{ m(x) }}'],
  ["{% macro m() %}<i>{{ caller(x) }}</i>{% endmacro %}{% call(v) m() %}{{ v }}{% endcall %}"],
  ["{% set v %}{{ x }}{% endset %}<i>{{ v }}</i>"],
  ["<i>{% filter trim %}-{{ x }}-{% endfilter %}</i>", (text) => `-${text}-`],
  ["<i{{ {'title': x}|xmlattr }}></i>"],
  ["<i>{{ x|e|e }}</i>"],
  ["<i>{{ x|safe|forceescape }}</i>"],
  ["<i>{{ {'isEscaped': true, 'toString': x}['toString'] }}</i>"],
  ["<i data-x='{{ [x]|tojson }}'></i>"],
];

const isElement = (node: Tree.Node): node is Tree.Element => "tagName" in node;

/** The elements of a page, and the text and attributes of the one that a template has. */
function elementOf(html: string) {
  const elements: Tree.Element[] = [];
  const visit = (node: Tree.Node): void => {
    if (isElement(node)) elements.push(node);
    if ("childNodes" in node) node.childNodes.forEach(visit);
  };
  visit(parse(`<!doctype html><html><head></head><body>${html}</body></html>`));
  const own = elements.filter(({ tagName }) => !["html", "head", "body"].includes(tagName));
  const [element] = own;
  const inner = element?.childNodes.map((node) => ("value" in node ? node.value : "?")).join("") ?? "";
  return {
    count: own.length,
    values: [...(element?.attrs.map(({ value }) => value) ?? []), ...(inner ? [inner] : [])],
  };
}

/** HTML has no lone surrogates, and a parser reads no carriage returns. */
const asRead = (text: string): string => text.toWellFormed();

test("more than a thousand hostile texts break out of none of the positions", async () => {
  expect(hostile.length).toBeGreaterThan(1000);
  const data = hostile.map((x) => ({ x }));
  const pages = await renderEach(
    positions.map(([main]) => main),
    data,
  );
  const broken = pages.flatMap((outputs, position) => {
    const shown = positions[position]![1] ?? ((text: string) => text);
    return outputs.flatMap((html, index) => {
      const { count, values } = elementOf(html.toWellFormed());
      const expected = asRead(shown(hostile[index]!));
      const [value = ""] = values;
      const read = positions[position]![0].includes("tojson") ? (JSON.parse(value) as readonly string[])[0]! : value;
      const isWhole = count === 1 && values.length <= 1 && asRead(read).trim() === expected.trim();
      return isWhole ? [] : [{ template: positions[position]![0], text: hostile[index], html }];
    });
  });
  expect(broken).toEqual([]);
});

test("what is made of JSON by its keys is never safe, with a prototype of its own neither", async () => {
  const tag = "<img src=x onerror=x>";
  const notes = [
    `{"__proto__":["${tag}"],"isEscaped":true}`,
    `{"__proto__":{"__proto__":["${tag}"],"isEscaped":true},"toString":"${tag}","toStringToBuffer":"${tag}"}`,
    `{"isEscaped":true,"__proto__":{"length":1,"0":"${tag}","__proto__":["${tag}"]}}`,
    `{"__proto__":{"isEscaped":true,"__proto__":{}},"title":"${tag}"}`,
  ].map((json) => JSON.parse(json) as object);
  class Note {
    title = tag;
    toString() {
      return this.title;
    }
  }
  const values = notes.flatMap((note) => [note, Object.assign({}, note), Object.assign(new Note(), note)]);
  const templates = [
    "{{ x }}",
    "{{ dict(x) }}",
    "{{ namespace(x) }}",
    "{{ dict(x, **x) }}",
    "{{ [x, dict(x)]|join }}",
    "{{ '' ~ x ~ dict(x) }}",
    "{{ x|string }}{{ x|upper }}{{ x|e }}",
    "{% set n = namespace() %}{% set n.__proto__ = x %}{% set n.isEscaped = true %}{{ n }}",
    "{% macro m() %}{{ kwargs }}{{ caller(kwargs) }}{% endmacro %}{% call(v) m(**x) %}{{ v }}{% endcall %}",
    "{% for y in [x, dict(x)] %}{{ y }}{{ loop.changed(y) }}{% endfor %}",
  ];
  const outcomes = await renderAll(
    templates.flatMap((main) => values.map((x) => ({ templates: { main }, data: { x } }))),
  );
  expect(outcomes.filter((outcome) => "output" in outcome && outcome.output.includes("<"))).toEqual([]);
  expect(outcomes.filter((outcome) => "output" in outcome && outcome.output !== "").length).toBeGreaterThan(60);
});

test("texts and elements of Hono are safe, and so are modules", async () => {
  const page = await html`<p>${"<"}</p>`;
  const element = jsx("i", {}, "<");
  const component = jsx(() => element, {});
  const data = { raw: raw("<b>"), page, element, component, fragment: jsx(Fragment, {}, element) };
  const names = Object.keys(data);
  const main = names.map((name) => `{{ ${name} }} {{ ${name} is escaped }}\n`).join("") + "{{ part }}";
  const templates = { main: `{% import "part" as part %}${main}`, part: "<u>{% macro m() %}{% endmacro %}" };
  const [outcome] = await renderAll([{ templates, data }]);
  const shown = ["<b>", "<p>&lt;</p>", "<i>&lt;</i>", "<i>&lt;</i>", "<i>&lt;</i>"];
  expect(outcome).toEqual({ output: [...shown.map((one) => `${one} true`), "<u>"].join("\n") });
});

test("a text of a million marks and a template of many lines take no time of their square", async () => {
  const main = "{{ x|striptags|length }} ";
  const [outcomes] = await renderEach(
    [main],
    [{ x: "<".repeat(1e6) }, { x: "<!--".repeat(1e6) }, { x: "&#1".repeat(1e6) }],
  );
  expect(outcomes).toEqual(["1000000 ", "4000000 ", "3000000 "]);
  const options = { file: "a.jinja", runtime: String, locate: () => ({ specifier: "", exists: false }) };
  const { code } = compileTemplate("{{ name }}\n".repeat(60_000), { ...options, development: true });
  expect(code.includes('"a.jinja:60000:4"')).toBe(true);
});

test("what JSON gives is never safe", async () => {
  const data = JSON.parse('{"x":{"isEscaped":true,"callbacks":[],"value":"<b>"},"y":[{"isEscaped":true}]}') as object;
  const [outcome] = await renderAll([{ templates: { main: "{{ x }}{{ y }}{{ x.value }}" }, data: { ...data } }]);
  expect((outcome as { output: string }).output).not.toContain("<");
});
