/** Random templates by a grammar, the same for the same seed. Most render; some fail, as they do in Jinja. */
import { data } from "./cases.ts";
import type { Case } from "./rendering.ts";

type Pick = <T>(...choices: readonly T[]) => T;

const textFilters = "upper lower title capitalize trim escape safe string striptags e urlencode forceescape".split(" ");
const simpleTests = "defined string number none iterable mapping".split(" ");

/** Makes the parts of one template. */
class Grammar {
  readonly #pick: Pick;
  readonly #blocks = new Set<string>();
  /** How many macros, calls and captures are open, in which blocks do not work in Jinja. */
  #captures = 0;

  constructor(pick: Pick) {
    this.#pick = pick;
  }

  number(depth: number): string {
    const one = (): string => this.number(depth - 1);
    if (depth <= 0) return this.#pick("n", "neg", "zero", "1", "2", "10", "i", "a", "user.age", "xs[0]", "map.a", "-3");
    return this.#pick(
      () => one(),
      () => `${one()} ${this.#pick("+", "-", "*")} ${one()}`,
      () => `(${one()} ${this.#pick("+", "-", "*")} ${one()})`,
      () => `${one()} ${this.#pick("//", "%")} ${this.#pick("2", "3", "-4")}`,
      () => `-${this.#pick("n", "2", "a")}`,
      () => `(${one()})|abs`,
      () => `${this.list(depth - 1)}|${this.#pick("length", "sum", "first", "max", "last")}`,
      () => `${this.string(depth - 1)}|length`,
      () => `(${one()} if ${this.truth(depth - 1)} else ${one()})`,
      () => `${this.string(depth - 1)}|int`,
      () => `loop.${this.#pick("index", "index0", "revindex", "length", "depth")}`,
      () => `ns.count`,
    )();
  }

  string(depth: number): string {
    const one = (): string => this.string(depth - 1);
    if (depth <= 0)
      return this.#pick(
        "name",
        "html",
        "'<b>'",
        "'x'",
        "''",
        "s",
        "text",
        "korean",
        "user.name",
        "words[1]",
        "nope",
        "('<i>'|safe)",
        '"it\'s"',
        "k",
      );
    return this.#pick(
      () => one(),
      () => `${one()} ~ ${this.#pick(one(), this.number(depth - 1))}`,
      () => `(${one()} ~ ${one()})`,
      () => `(${one()} + ${one()})`,
      () => `${one()}|${this.#pick(...textFilters)}`,
      () => `${one()}|replace(${one()}, ${one()})`,
      () => `${one()}|default(${one()}${this.#pick("", ", true")})`,
      () =>
        `${one()}|truncate(${this.#pick("5", "9", "20")}, ${this.#pick("true", "false")}, ${this.#pick("'…'", "'<'")})`,
      () => `${this.list(depth - 1)}|join(${one()})`,
      () => `(${one()} if ${this.truth(depth - 1)} else ${one()})`,
      () => `(${one()} or ${one()})`,
      () => `(${one()})[${this.#pick("0", "1:", ":2", "-2:", "::-1", "1:3")}]`,
      () => `'%s-%s'|format(${one()}, ${this.number(depth - 1)})`,
      () => `m(${this.#pick("", one(), `${one()}, y=${one()}`, `y=${one()}`)})`,
      () => `${one()}|indent(2)`,
    )();
  }

  list(depth: number): string {
    const one = (): string => this.list(depth - 1);
    if (depth <= 0) return this.#pick("xs", "[1, 2, 3]", "none_list", "[n, 4]", "[]", "range(4)", "xs[1:]", "l");
    return this.#pick(
      () => one(),
      () => `${one()}|${this.#pick("sort", "reverse|list", "unique|list", "sort(true)", "sort(reverse=true)", "list")}`,
      () => `${one()}|${this.#pick("select", "reject")}('${this.#pick("odd", "even")}')|list`,
      () => `${one()}|map('${this.#pick("abs", "string|x", "int")}')|list`.replace("string|x", "abs"),
      () => `${one()}|select('gt', ${this.number(0)})|list`,
      () => `${one()}|list + ${one()}|list`,
      () => `users|map(attribute='age')|list`,
      () => `[${this.number(depth - 1)}, ${this.number(depth - 1)}]`,
    )();
  }

  truth(depth: number): string {
    const one = (): string => this.truth(depth - 1);
    if (depth <= 0) return this.#pick("yes", "no", "nothing", "name", "empty", "xs", "none_list", "nope", "true", "t");
    return this.#pick(
      () => one(),
      () => `not ${one()}`,
      () => `(${one()} ${this.#pick("and", "or")} ${one()})`,
      () => `${this.number(depth - 1)} ${this.#pick("==", "!=", "<", ">", "<=", ">=")} ${this.number(depth - 1)}`,
      () => `(${this.string(depth - 1)} ${this.#pick("==", "!=")} ${this.string(depth - 1)})`,
      () => `(${this.number(depth - 1)}) in ${this.list(0)}`,
      () => `${this.string(0)} in ${this.#pick("text", "words", "html")}`,
      () =>
        `${this.#pick("nope", "name", "a", "user.x", "s")} is ${this.#pick("", "not ")}${this.#pick(...simpleTests)}`,
      () => `(${this.number(depth - 1)}) is ${this.#pick("odd", "even", "divisibleby 3", "number")}`,
      () => this.#pick("loop.first", "loop.last", "loop.changed(i)"),
    )();
  }

  body(depth: number): string {
    return Array.from({ length: this.#pick(1, 2, 3) }, () => this.statement(depth)).join(this.#pick("", " ", "\n  "));
  }

  statement(depth: number): string {
    const [open, close] = [this.#pick("{%", "{%", "{%-"), this.#pick("%}", "%}", "-%}")];
    const tag = (text: string): string => `${open} ${text} ${close}`;
    const print = (): string =>
      `{{${this.#pick("", "-")} ${this.#pick(this.string(2), this.number(2), this.string(3))} ${this.#pick("", "-")}}}`;
    if (depth <= 0) return this.#pick(print, print, () => this.#pick("text", " <p> ", "\n", "a & b"))();
    const inner = (): string => this.body(depth - 1);
    const captured = (): string => {
      this.#captures += 1;
      const body = inner();
      this.#captures -= 1;
      return body;
    };
    return this.#pick(
      print,
      () => `${tag(`if ${this.truth(2)}`)}${inner()}${tag("endif")}`,
      () =>
        [`if ${this.truth(2)}`, `elif ${this.truth(1)}`, "else"].map((text) => tag(text) + inner()).join("") +
        tag("endif"),
      () => `${tag(`for i in ${this.list(2)}`)}${inner()}${tag("endfor")}`,
      () => {
        const head = `for i in ${this.list(1)} if ${this.#pick("i is odd", "i > 1", this.truth(1))}`;
        return `${tag(head)}${inner()}${tag("else")}${inner()}${tag("endfor")}`;
      },
      () => `${tag("for k, i in map|dictsort")}${inner()}${tag("endfor")}`,
      () => `${tag("for k in words")}${inner()}${tag("endfor")}`,
      () => {
        const [number, string, list] = [this.number(2), this.string(2), this.list(2)];
        const values = [`a = ${number}`, `s = ${string}`, `l = ${list}`, `t = ${this.truth(2)}`, "a, i = xs[:2]"];
        return tag(`set ${this.#pick(...values)}`);
      },
      () => `${tag("set s")}${captured()}${tag("endset")}`,
      () => tag(`set ns.count = ns.count + ${this.number(1)}`),
      () => `${tag(`with a = ${this.number(1)}, s = ${this.string(1)}`)}${inner()}${tag("endwith")}`,
      () => {
        const name = this.#pick("upper", "trim", "replace('a', 'b')", "indent(1)");
        return `${tag(`filter ${name}`)}${captured()}${tag("endfilter")}`;
      },
      () => `${tag(`macro m(x=${this.string(0)}, y=${this.string(0)})`)}${captured()}{{ x }}{{ y }}${tag("endmacro")}`,
      () => `${tag(`call(k) box(${this.string(1)})`)}${captured()}${tag("endcall")}`,
      () => {
        const [name, without] = [this.#pick("part", "part2"), this.#captures > 0 ? "" : " without context"];
        return tag(`include '${name}'${this.#pick("", without, " ignore missing")}`);
      },
      () => tag(this.#pick("import 'lib' as lib", "from 'lib' import m, box", "from 'lib' import m with context")),
      () => this.block(depth - 1, tag),
      () => `${tag("raw")}{{ ${this.string(0)} }}${tag("endraw")}`,
      () => `{#${this.#pick("", "-")} ${this.string(0)} ${this.#pick("", "-")}#}`,
    )();
  }

  block(depth: number, tag: (text: string) => string): string {
    const name = this.#pick("one", "two", "three");
    if (this.#blocks.has(name) || this.#captures > 0) return "";
    this.#blocks.add(name);
    const [head, body] = [tag(`block ${name}${this.#pick("", " scoped")}`), this.body(depth)];
    return `${head}${body}${this.#pick("", "{{ self.one() }}", "")}${tag("endblock")}`;
  }

  child(): string {
    const blocks = ["one", "two"]
      .filter(() => this.#pick(true, true, false))
      .map((name) => {
        this.#blocks.add(name);
        return `{% block ${name} %}${this.#pick("", "{{ super() }}")}${this.body(1)}{% endblock %}`;
      });
    return `{% extends 'base' %}${start}${this.body(1)}${blocks.join("")}`;
  }
}

const start = "{% set ns = namespace(count=0) %}{% from 'lib' import m, box %}";

/** Templates that others include, import or extend. */
const shared = {
  part: "[{{ name }}{{ a }}{{ s }}{{ i }}]",
  part2: "{% set a = 9 %}{% for i in xs %}{{ i }}{{ loop.index }}{% endfor %}{{ s|upper }}",
  lib:
    "{% macro m(x='<m>', y='y') %}({{ x }}{{ y }}{{ s }}){% endmacro %}" +
    "{% macro box(t) %}<{{ t }}:{{ caller('&') }}>{% endmacro %}",
  base:
    "{% set a = 1 %}<{% block one %}1{{ s }}{% endblock %}|" +
    "{% for i in xs %}{% block two scoped %}{{ i }}{% endblock %}{% endfor %}>{{ self.one() }}",
};

/** Mulberry32. */
function seeded(seed: number): Pick {
  let state = seed >>> 0;
  return (...choices) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return choices[((mixed ^ (mixed >>> 14)) >>> 0) % choices.length]!;
  };
}

/** @param seed of the first one */
export const randomCases = (seed: number, count: number): readonly Case[] =>
  Array.from({ length: count }, (_, index) => {
    const grammar = new Grammar(seeded(seed + index));
    const main = index % 5 === 4 ? grammar.child() : start + grammar.body(3);
    return { templates: { ...shared, main }, data };
  });

/** Of the cases whose outcomes by Jinja2 are recorded. */
export const [recordedSeed, recordedCount] = [1, 500];
