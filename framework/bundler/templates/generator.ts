/**
 * The code generator: a template becomes an ES module of plain functions, by the rules of Jinja's compiler.
 *
 * In its code `c` is the context (an object whose prototypes are the data), `b` the blocks by name, the one that is
 * shown first, `d` how many blocks override the current one, `o` the output so far, and `p` the parent template.
 */
import { globals } from "./builtins.ts";
import { ExpressionGenerator, type Frame, property, text } from "./expression-generator.ts";
import { assigns, childrenOf, containsExtends, containsScopedBlock, mentions } from "./nodes.ts";
import type { Body, Node, Signature, Statement, Target } from "./nodes.ts";
import { createScope, declare, declareTarget, localsOf, look, refOf, type Scope } from "./scope.ts";
import { mark } from "./source-map.ts";
import { TemplateReferences } from "./template-references.ts";

type Of<K extends Statement["kind"]> = Extract<Statement, { kind: K }>;

/** Generates the module of one template. */
export class Generator extends ExpressionGenerator {
  /** Names of the data that the template reads. */
  readonly names = new Set<string>();
  readonly #templates = new TemplateReferences(this);
  readonly #exports = new Set<string>();
  readonly #blocks = new Map<string, string>();
  #extends: "none" | "maybe" | "always" = "none";
  #root!: Scope;

  module(body: Body): string {
    this.#root = createScope();
    look(this.#root, ...body);
    const isGuarded = body.some((node) => containsExtends(node));
    const code = this.#body(body, { scope: this.#root, isTop: true, isRoot: true, isGuarded });
    const end = { none: "o", maybe: "p?o+p(c,b):o", always: "o+p(c,b)" }[this.#extends];
    const root = `export function root(c,b){let o="",p;${this.#enter(this.#root)}${code}return ${end}}`;
    const blocks = [...this.#blocks.keys()].map((name) => `,${name}:block_${name}`).join("");
    const exports = [
      `export const blocks={__proto__:null${blocks}};`,
      `export const names=${text([...this.#exports])};`,
      `export default /* @__PURE__ */ ${this.use("page")}(root,blocks);`,
    ];
    const imports = [...this.imports].map(([names, from]) => `import {${names}} from ${from};`);
    return [...imports, root, ...this.#blocks.values(), ...exports].join("\n");
  }

  /** Declares the variables of a scope but for its parameters. */
  #enter({ loads }: Scope): string {
    const variables = [...loads].flatMap(([ref, [kind, from]]) => {
      if (kind === "param") return [];
      if (kind !== "resolve") return kind === "alias" ? `${ref}=${from}` : ref;
      if (globals.includes(from)) return `${ref}=c${property(from)}??${this.use(from, "globals")}`;
      this.names.add(from);
      return `${ref}=c${property(from)}`;
    });
    return variables.length > 0 ? `let ${variables.join()};` : "";
  }

  #body(body: Body, frame: Frame): string {
    return body.map((node) => mark(node) + this.#statement(node, frame)).join("");
  }

  /** A function's body, without braces, that returns what statements print. */
  #captured(body: Body, frame: Frame, result = "o", isGuarded = false): string {
    return `let o="";${this.#body(body, { ...frame, isGuarded })}return ${result}`;
  }

  #output(code: string, { isGuarded }: Frame): string {
    if (!isGuarded) return code;
    return this.#extends === "always" ? "" : `if(!p){${code}}`;
  }

  #inner(frame: Frame, ...nodes: readonly Node[]): Frame {
    const scope = createScope(frame.scope);
    look(scope, ...nodes);
    return { ...frame, scope, isTop: false, isRoot: false };
  }

  #statement(node: Statement, frame: Frame): string {
    return (this.#kinds[node.kind] as (node: Statement, frame: Frame) => string)(node, frame);
  }

  readonly #kinds: { readonly [K in Statement["kind"]]: (node: Of<K>, frame: Frame) => string } = {
    text: (node, frame) => this.#output(`o+=${text(node.text)};`, frame),
    print: (node, frame) => this.#output(`o+=${this.use("print")}(${this.printed(node.value, frame)});`, frame),
    set: (node, frame) => this.#assign(node.target, this.expression(node.value, frame), frame),
    capture: (node, frame) => {
      const inner = this.#inner(frame, ...node.body, ...(node.filter ? [node.filter] : []));
      const own = `${this.use("safe")}(o)`;
      const value = node.filter ? this.filter(node.filter, inner, own) : own;
      const code = `(()=>{${this.#enter(inner.scope)}${this.#captured(node.body, inner, value)}})()`;
      return this.#assign(node.target, node.filter ? `${this.use("safe")}(${code})` : code, frame);
    },
    for: (node, frame) => this.#loop(node, frame),
    if: (node, frame) => {
      const otherwise = this.#body(node.otherwise, { ...frame, isRoot: false });
      const body = this.#body(node.body, { ...frame, isRoot: false });
      return `if(${this.truth(node.test, frame)}){${body}}${otherwise && `else{${otherwise}}`}`;
    },
    with: (node, frame) => {
      const inner = this.#inner(frame, ...node.targets, ...node.body);
      const values = node.targets.map((target, index) =>
        this.#bind(target, this.expression(node.values[index]!, frame), inner, "let "),
      );
      return `{${values.join("")}${this.#enter(inner.scope)}${this.#body(node.body, inner)}}`;
    },
    block: (node, frame) => this.#block(node, frame),
    extends: (node, frame) => {
      if (!frame.isTop) this.fail("extends is inside of another tag than if", node);
      if (this.#extends !== "none" && frame.isRoot) this.fail("a template extends one other template", node);
      const [number] = this.#templates.number(node.template, node);
      this.#extends = frame.isRoot ? "always" : "maybe";
      return `p=${this.use("inherit")}(p,root${number},b,blocks${number});`;
    },
    include: (node, frame) => {
      const [number] = this.#templates.number(node.template, node, node.isOptional);
      const context = node.withContext ? this.#context(frame) : "null";
      return number === undefined ? "" : `o+=${this.use("include")}(root${number},blocks${number},${context});`;
    },
    import: (node, frame) => this.#assign(nameTarget(node, node.name), this.#imported(node, frame), frame, false),
    from: (node, frame) => {
      const module = this.temporary();
      const names = node.names.map(([name, alias]) => {
        const value = `${this.use("get")}(${module},${text(name)})`;
        return this.#assign(nameTarget(node, alias), value, frame, false);
      });
      return `const ${module}=${this.#imported(node, frame)};${names.join("")}`;
    },
    macro: (node, frame) => this.#assign(nameTarget(node, node.name), this.#macro(node, frame), frame),
    callBlock: (node, frame) => {
      const { callee, args } = node.call;
      const caller = `caller:${this.#macro(node, frame)}`;
      return `o+=${this.use("print")}(${this.call(callee, args, frame, node.call, caller)});`;
    },
    filterBlock: (node, frame) => {
      const inner = this.#inner(frame, ...node.body, node.filter);
      const value = this.filter(node.filter, inner, `${this.use("safe")}(o)`);
      const code = this.#captured(node.body, inner, value, frame.isGuarded);
      return `o+=${this.use("print")}((()=>{${this.#enter(inner.scope)}${code}})());`;
    },
  };

  /** Statements that assign; at the top of a template its blocks see the names too, and importers, if `isExported`. */
  #assign(target: Target, value: string, frame: Frame, isExported = true): string {
    if (!frame.isTop) return this.#bind(target, value, frame);
    const names = [target, ...childrenOf(target)].flatMap((node) =>
      node.kind === "name" && node.use === "store" ? node.name : [],
    );
    for (const name of names) if (isExported && !name.startsWith("_")) this.#exports.add(name);
    const shared = names.map((name) => `c${property(name)}=${refOf(frame.scope, name)};`);
    return this.#bind(target, value, frame) + shared.join("");
  }

  #bind(target: Target, value: string, frame: Frame, keyword = ""): string {
    if (target.kind === "name") return `${keyword}${refOf(frame.scope, target.name)}=${value};`;
    if (target.kind === "attribute")
      return `${this.use("assign")}(${this.expression(target.object, frame)},${text(target.name)},${value});`;
    const list = this.temporary();
    const items = target.items.map((item, index) => this.#bind(item, `${list}[${index}]`, frame, keyword));
    return `const ${list}=${this.use("unpack")}(${value},${items.length});${items.join("")}`;
  }

  #loop(node: Extract<Statement, { kind: "for" }>, frame: Frame): string {
    if (assigns(node, "loop")) this.fail("loop cannot be assigned inside of a loop", node);
    const { target, body, otherwise, isRecursive } = node;
    const inner = this.#inner(frame);
    const hasLoop = isRecursive || mentions(body, "loop") || body.some((one) => containsScopedBlock(one));
    if (hasLoop) declare(inner.scope, "loop");
    declareTarget(inner.scope, target);
    look(inner.scope, ...body);
    const [list, item, depth] = [this.temporary(), this.temporary(), this.temporary()];
    const again = `${list}r`;
    const items = this.expression(node.items, frame);
    const all = `${this.use("list")}(${isRecursive ? item : items})${this.#loopTest(node, frame)}`;
    const each = this.#bind(target, item, inner, "let ") + this.#enter(inner.scope) + this.#body(body, inner);
    const head = hasLoop ? `[${item},l_${inner.scope.level}_loop]` : item;
    const over = hasLoop ? `${this.use("loops")}(${list}${isRecursive ? `,${depth},${again}` : ""})` : list;
    const alternative = this.#inner(frame, ...otherwise);
    const empty = otherwise.length
      ? `if(!${list}.length){${this.#enter(alternative.scope)}${this.#body(otherwise, alternative)}}`
      : "";
    const code = `const ${list}=${all};for(const ${head} of ${over}){${each}}${empty}`;
    if (!isRecursive) return `{${code}}`;
    return `{const ${again}=(${item},${depth})=>{let o="";${code}return o};o+=${again}(${items},0);}`;
  }

  #loopTest({ test, target }: Extract<Statement, { kind: "for" }>, frame: Frame): string {
    if (!test) return "";
    const inner = this.#inner(frame);
    declareTarget(inner.scope, target);
    look(inner.scope, test);
    const item = this.temporary();
    const names = this.#bind(target, item, inner, "let ") + this.#enter(inner.scope);
    return `.filter(${item}=>{${names}return ${this.truth(test, inner)}})`;
  }

  #block(node: Extract<Statement, { kind: "block" }>, frame: Frame): string {
    const { name, body } = node;
    if (this.#blocks.has(name)) this.fail(`the block ${name} is there twice`, node);
    this.#blocks.set(name, "");
    const isLeft = frame.isTop && this.#extends === "always";
    const condition = frame.isTop && this.#extends === "maybe" ? "if(!p)" : "";
    const inner: Frame = { scope: createScope(), isGuarded: frame.isGuarded === true, block: name };
    look(inner.scope, ...body);
    const depth = node.isRequired ? ",true" : "";
    const context = node.isScoped ? this.#context(frame) : "c";
    const shown = `${condition}{o+=${this.use("block")}(${context},b,${text(name)},0${depth});}`;
    const code = this.#captured(body, inner);
    this.#blocks.set(name, `function block_${name}(c,b,d){${this.#enter(inner.scope)}${code}}`);
    return isLeft ? "" : shown;
  }

  /** The context with the names of the scopes that the code is in. */
  #context({ scope }: Frame): string {
    const locals = [...localsOf(scope, this.#root)].map(([name, ref]) => `[${text(name)}]:${ref}`);
    return locals.length > 0 ? `${this.use("derive")}(c,{${locals.join()}})` : `${this.use("derive")}(c)`;
  }

  #imported(node: Extract<Statement, { kind: "import" | "from" }>, frame: Frame): string {
    const [number] = this.#templates.number(node.template, node);
    const context = node.withContext ? this.#context(frame) : "null";
    return `${this.use("importModule")}(root${number},blocks${number},names${number},${context})`;
  }

  #macro({ signature, body, at }: Extract<Statement, { signature: Signature }>, frame: Frame): string {
    const { params, defaults } = signature;
    const inner = this.#inner(frame);
    const names = params.map(({ name }) => name);
    const isSpecial = (name: string): boolean => !names.includes(name) && mentions(body, name);
    const special = ["caller", "kwargs", "varargs"].filter(isSpecial);
    const flags = Number(isSpecial("caller")) + 2 * Number(isSpecial("kwargs")) + 4 * Number(isSpecial("varargs"));
    for (const name of special) declare(inner.scope, name);
    look(inner.scope, ...params, ...defaults, ...body);
    const required = params.length - defaults.length;
    if (names.slice(0, required).includes("caller") && mentions(body, "caller"))
      this.fail("caller is a parameter without a default", { at });
    const refs = [...names, ...special].map((name) => refOf(inner.scope, name)!);
    const missing = this.use("missing");
    const values = defaults.map((value, index) => {
      const later = refs.slice(required + index, names.length);
      return `if(${later[0]}===${missing})${later[0]}=${this.expression(value, { ...inner, later })};`;
    });
    const code = this.#enter(inner.scope) + values.join("") + this.#captured(body, inner);
    return `${this.use("macro")}(${text(names)},${required},${flags},(${refs.join()})=>{${code}})`;
  }
}

const nameTarget = ({ at }: Statement, name: string): Target => ({ kind: "name", at, name, use: "store" });
