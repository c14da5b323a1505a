/**
 * The code generator: a template becomes an ES module of plain functions, by the rules of Jinja's compiler.
 *
 * In its code `c` is the context (an object whose prototypes are the data), `b` the blocks by name, the one that is
 * shown first, `d` how many blocks override the current one, `o` the output so far, and `p` the parent template.
 */
import { nearestWord } from "../../model/did-you-mean.ts";
import { aliases, filters, globals, tests } from "./builtins.ts";
import { TemplateSyntaxError } from "./lexer.ts";
import { type Arguments, type Body, childrenOf, type Expression, mentions } from "./nodes.ts";
import type { Node, Signature, Statement, Target } from "./nodes.ts";
import { createScope, declare, declareTarget, localsOf, look, refOf, type Scope } from "./scope.ts";

/** What the code depends on beside the template. */
export interface GeneratorOptions {
  /** Adds warnings of printed names that are undefined, and their names to errors. */
  readonly development: boolean;
  /** The specifier that imports the template of a name, and whether there is one. */
  readonly locate: (name: string) => { readonly specifier: string; readonly exists: boolean };
  /** The specifier that imports a module of the runtime. */
  readonly runtime: (module: string) => string;
  /** `file:line:column` of an offset. */
  readonly placeOf: (offset: number) => string;
}

/** The scope that code is in, and where it is in the template. */
interface Frame {
  readonly scope: Scope;
  /** Outside of every scope but that of the template; `isRoot`: and of every `if`. */
  readonly isTop?: boolean;
  readonly isRoot?: boolean;
  /** Output counts only as long as no parent is known. */
  readonly isGuarded?: boolean;
  readonly block?: string;
}

const text = (value: unknown): string => JSON.stringify(value);
const property = (name: string): string => (/^[A-Za-z_]\w*$/.test(name) ? `.${name}` : `[${text(name)}]`);

/** Marks that the code that follows comes from an offset; `compiler.ts` makes the source map of it. */
const mark = ({ at }: { readonly at: number }): string => `\u0001${at}\u0002`;

/** Generates the module of one template. */
export class Generator {
  /** Names of the data that the template reads. */
  readonly names = new Set<string>();
  readonly #options: GeneratorOptions;
  readonly #imports = new Map<string, string>();
  readonly #templates = new Map<string, number>();
  readonly #exports = new Set<string>();
  readonly #blocks = new Map<string, string>();
  #temporaries = 0;
  #extends: "none" | "maybe" | "always" = "none";
  #root!: Scope;

  constructor(options: GeneratorOptions) {
    this.#options = options;
  }

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
      `export default /* @__PURE__ */ ${this.#use("page")}(root,blocks);`,
    ];
    const imports = [...this.#imports].map(([names, from]) => `import {${names}} from ${from};`);
    return [...imports, root, ...this.#blocks.values(), ...exports].join("\n");
  }

  #fail(message: string, { at }: { readonly at: number }, fix?: string, length = 1): never {
    throw new TemplateSyntaxError(message, at, length, fix);
  }

  /** The name in the code of something that a module of the runtime exports. */
  #use(name: string, module: "runtime" | "filters" | "tests" | "globals" | "warning" = "runtime"): string {
    const local = `${module}_${name}`;
    this.#imports.set(`${name === "default" ? "defaultTo" : name} as ${local}`, text(this.#options.runtime(module)));
    return local;
  }

  #temporary(): string {
    return `t${(this.#temporaries += 1)}`;
  }

  /** Declares the variables of a scope but for its parameters. */
  #enter({ loads }: Scope): string {
    const variables = [...loads].flatMap(([ref, [kind, from]]) => {
      if (kind === "param") return [];
      if (kind !== "resolve") return kind === "alias" ? `${ref}=${from}` : ref;
      if (globals.includes(from)) return `${ref}=c${property(from)}??${this.#use(from, "globals")}`;
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
    switch (node.kind) {
      case "text":
        return this.#output(`o+=${text(node.text)};`, frame);
      case "print":
        return this.#output(`o+=${this.#use("print")}(${this.#printed(node.value, frame)});`, frame);
      case "set":
        return this.#assign(node.target, this.#expression(node.value, frame), frame);
      case "capture": {
        const inner = this.#inner(frame, ...node.body, ...(node.filter ? [node.filter] : []));
        const own = `${this.#use("safe")}(o)`;
        const value = node.filter ? this.#filter(node.filter, inner, own) : own;
        const code = `(()=>{${this.#enter(inner.scope)}${this.#captured(node.body, inner, value)}})()`;
        return this.#assign(node.target, node.filter ? `${this.#use("safe")}(${code})` : code, frame);
      }
      case "for":
        return this.#loop(node, frame);
      case "if": {
        const otherwise = this.#body(node.otherwise, { ...frame, isRoot: false });
        const body = this.#body(node.body, { ...frame, isRoot: false });
        return `if(${this.#truth(node.test, frame)}){${body}}${otherwise && `else{${otherwise}}`}`;
      }
      case "with": {
        const inner = this.#inner(frame, ...node.targets, ...node.body);
        const values = node.targets.map((target, index) =>
          this.#bind(target, this.#expression(node.values[index]!, frame), inner, "let "),
        );
        return `{${values.join("")}${this.#enter(inner.scope)}${this.#body(node.body, inner)}}`;
      }
      case "block":
        return this.#block(node, frame);
      case "extends": {
        if (!frame.isTop) this.#fail("extends is inside of another tag than if", node);
        if (this.#extends !== "none" && frame.isRoot) this.#fail("a template extends one other template", node);
        const [number] = this.#locate(node.template, node);
        this.#extends = frame.isRoot ? "always" : "maybe";
        return `p=${this.#use("inherit")}(p,root${number},b,blocks${number});`;
      }
      case "include": {
        const [number] = this.#locate(node.template, node, node.isOptional);
        const context = node.withContext ? this.#context(frame) : "null";
        return number === undefined ? "" : `o+=${this.#use("include")}(root${number},blocks${number},${context});`;
      }
      case "import":
        return this.#assign(nameTarget(node, node.name), this.#imported(node, frame), frame, false);
      case "from": {
        const module = this.#temporary();
        const names = node.names.map(([name, alias]) => {
          const value = `${this.#use("get")}(${module},${text(name)})`;
          return this.#assign(nameTarget(node, alias), value, frame, false);
        });
        return `const ${module}=${this.#imported(node, frame)};${names.join("")}`;
      }
      case "macro":
        return this.#assign(nameTarget(node, node.name), this.#macro(node, frame), frame);
      case "callBlock": {
        const { callee, args } = node.call;
        const caller = `caller:${this.#macro(node, frame)}`;
        return `o+=${this.#use("print")}(${this.#call(callee, args, frame, node.call, caller)});`;
      }
      case "filterBlock": {
        const inner = this.#inner(frame, ...node.body, node.filter);
        const value = this.#filter(node.filter, inner, `${this.#use("safe")}(o)`);
        const code = this.#captured(node.body, inner, value, frame.isGuarded);
        return `o+=${this.#use("print")}((()=>{${this.#enter(inner.scope)}${code}})());`;
      }
    }
  }

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
      return `${this.#use("assign")}(${this.#expression(target.object, frame)},${text(target.name)},${value});`;
    const list = this.#temporary();
    const items = target.items.map((item, index) => this.#bind(item, `${list}[${index}]`, frame, keyword));
    return `const ${list}=${this.#use("unpack")}(${value},${items.length});${items.join("")}`;
  }

  #loop(node: Extract<Statement, { kind: "for" }>, frame: Frame): string {
    if (assigns(node, "loop")) this.#fail("loop cannot be assigned inside of a loop", node);
    const { target, body, otherwise, isRecursive } = node;
    const inner = this.#inner(frame);
    const hasLoop = isRecursive || mentions(body, "loop") || body.some((one) => containsScopedBlock(one));
    if (hasLoop) declare(inner.scope, "loop");
    declareTarget(inner.scope, target);
    look(inner.scope, ...body);
    const [list, item, depth] = [this.#temporary(), this.#temporary(), this.#temporary()];
    const again = `${list}r`;
    const items = this.#expression(node.items, frame);
    const all = `${this.#use("list")}(${isRecursive ? item : items})${this.#loopTest(node, frame)}`;
    const each = this.#bind(target, item, inner, "let ") + this.#enter(inner.scope) + this.#body(body, inner);
    const head = hasLoop ? `[${item},l_${inner.scope.level}_loop]` : item;
    const over = hasLoop ? `${this.#use("loops")}(${list}${isRecursive ? `,${depth},${again}` : ""})` : list;
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
    const item = this.#temporary();
    const names = this.#bind(target, item, inner, "let ") + this.#enter(inner.scope);
    return `.filter(${item}=>{${names}return ${this.#truth(test, inner)}})`;
  }

  #block(node: Extract<Statement, { kind: "block" }>, frame: Frame): string {
    const { name, body } = node;
    if (this.#blocks.has(name)) this.#fail(`the block ${name} is there twice`, node);
    this.#blocks.set(name, "");
    const isLeft = frame.isTop && this.#extends === "always";
    const condition = frame.isTop && this.#extends === "maybe" ? "if(!p)" : "";
    const inner: Frame = { scope: createScope(), isGuarded: frame.isGuarded === true, block: name };
    look(inner.scope, ...body);
    const depth = node.isRequired ? ",true" : "";
    const context = node.isScoped ? this.#context(frame) : "c";
    const shown = `${condition}{o+=${this.#use("block")}(${context},b,${text(name)},0${depth});}`;
    const code = this.#captured(body, inner);
    this.#blocks.set(name, `function block_${name}(c,b,d){${this.#enter(inner.scope)}${code}}`);
    return isLeft ? "" : shown;
  }

  /** The context with the names of the scopes that the code is in. */
  #context({ scope }: Frame): string {
    const locals = [...localsOf(scope, this.#root)].map(([name, ref]) => `[${text(name)}]:${ref}`);
    return locals.length > 0 ? `${this.#use("derive")}(c,{${locals.join()}})` : `${this.#use("derive")}(c)`;
  }

  #imported(node: Extract<Statement, { kind: "import" | "from" }>, frame: Frame): string {
    const [number] = this.#locate(node.template, node);
    const context = node.withContext ? this.#context(frame) : "null";
    return `${this.#use("importModule")}(root${number},blocks${number},names${number},${context})`;
  }

  /** Imports a template by a name that the build knows, or the first one that exists of a list of names. */
  #locate(node: Expression, { at, kind }: Statement, isOptional = false): readonly [number?: number] {
    const isList = node.kind === "list" && kind === "include";
    const names = (isList ? node.items : [node]).map((item) => {
      if (item.kind === "const" && typeof item.value === "string") return item.value;
      const fix = 'Write the name as a text: {% include "name.jinja" %}; choose between several with {% if %}.';
      return this.#fail("the name of a template is not known to the build", item, fix);
    });
    for (const name of names) {
      const { specifier, exists } = this.#options.locate(name);
      const number = this.#templates.get(specifier) ?? this.#templates.size;
      this.#templates.set(specifier, number);
      const parts = ["root", "blocks", "names"].map((part) => `${part} as ${part}${number}`).join();
      if (exists) this.#imports.set(parts, text(specifier));
      if (exists) return [number];
      // A build looks again when the file appears.
      if (isOptional || isList) this.#imports.set(parts, `${text(specifier)} with {missing:"ignored"}`);
    }
    if (isOptional) return [];
    const fix = "Correct the name: it is a path below the folder of templates, or begins with ./ for one beside the file.";
    return this.#fail(`there is no template ${names.join(" or ")}`, node.at === at ? { at } : node, fix);
  }

  #macro({ signature, body, kind, ...node }: Extract<Statement, { signature: Signature }>, frame: Frame): string {
    const { params, defaults } = signature;
    const inner = this.#inner(frame);
    const names = params.map(({ name }) => name);
    const special = ["caller", "kwargs", "varargs"].filter((name) => !names.includes(name) && mentions(body, name));
    for (const name of special) declare(inner.scope, name);
    look(inner.scope, ...params, ...defaults, ...body);
    const required = params.length - defaults.length;
    if (names.slice(0, required).includes("caller") && mentions(body, "caller"))
      this.#fail("caller is a parameter without a default", node);
    const refs = [...names, ...special].map((name) => refOf(inner.scope, name));
    const missing = this.#use("missing");
    const values = defaults.map((value, index) => {
      const later = refs.slice(required + index, names.length);
      // A parameter that has no value yet is undefined.
      const code = this.#expression(value, inner).replace(/\bl_\d+_[\p{ID_Continue}]+/gu, (ref) =>
        later.includes(ref) ? `(${ref}===${missing}?void 0:${ref})` : ref,
      );
      return `if(${later[0]}===${missing})${later[0]}=${code};`;
    });
    const code = this.#enter(inner.scope) + values.join("") + this.#captured(body, inner);
    return `${this.#use("macro")}(${text(names)},${required},${text(special)},(${refs.join()})=>{${code}})`;
  }

  /** A value that is printed; in development, one that warns when it is undefined. */
  #printed(node: Expression, frame: Frame): string {
    const code = this.#expression(node, frame);
    const path = this.#options.development ? pathOf(node) : undefined;
    if (path === undefined) return code;
    return `${this.#use("warn", "warning")}(${code},${text(path)},${text(this.#options.placeOf(node.at))})`;
  }

  /** An expression that is true or false. */
  #truth(node: Expression, frame: Frame): string {
    if (node.kind === "binary" && ["and", "or"].includes(node.operator)) {
      const operator = node.operator === "and" ? "&&" : "||";
      return `(${this.#truth(node.left, frame)}${operator}${this.#truth(node.right, frame)})`;
    }
    const code = this.#expression(node, frame);
    const isBoolean = ["compare", "test"].includes(node.kind) || (node.kind === "unary" && node.operator === "not");
    return isBoolean ? code : `${this.#use("truth")}(${code})`;
  }

  #expression(node: Expression, frame: Frame): string {
    const of = (part: Expression | undefined): string => (part ? this.#expression(part, frame) : "void 0");
    switch (node.kind) {
      case "const":
        return text(node.value);
      case "name":
        return refOf(frame.scope, node.name)!;
      case "list":
        return `[${node.items.map(of).join()}]`;
      case "dict":
        return `{${node.pairs.map(([key, value]) => `[${of(key)}]:${of(value)}`).join()}}`;
      case "get":
        return `${mark(node)}${this.#use("get")}(${of(node.object)},${of(node.key)}${this.#named(node.object)})`;
      case "slice":
        return `${mark(node)}${this.#use("slice")}(${[node.object, ...node.bounds].map(of).join()})`;
      case "call":
        return this.#call(node.callee, node.args, frame, node);
      case "filter":
        return this.#filter(node, frame);
      case "test":
        return this.#test(node.name, node.args, of(node.value), frame, node);
      case "concat":
        return `${this.#use("concat")}(${node.items.map(of).join()})`;
      case "either":
        return `(${this.#truth(node.test, frame)}?${of(node.then)}:${of(node.otherwise)})`;
      case "unary": {
        if (node.operator === "not") return `!${this.#truth(node.value, frame)}`;
        return `${mark(node)}${this.#use(node.operator === "-" ? "negative" : "positive")}(${of(node.value)})`;
      }
      case "binary": {
        const name = operators[node.operator]!;
        const right = ["and", "or"].includes(node.operator) ? `()=>${arrow(of(node.right))}` : of(node.right);
        return `${mark(node)}${this.#use(name)}(${of(node.left)},${right})`;
      }
      case "compare": {
        const compare = (operator: string, left: string, right: string): string => {
          const isNegated = operator === "not" || operator === "!=";
          const code = `${this.#use(operators[operator]!, "tests")}(${left},${right})`;
          return mark(node) + (isNegated ? `!${code}` : code);
        };
        const [[operator, right] = []] = node.rest;
        if (node.rest.length === 1) return compare(operator!, of(node.first), of(right));
        const values = node.rest.map(() => this.#temporary());
        const first = this.#temporary();
        const all = node.rest.map(([own], index) => compare(own, index ? values[index - 1]! : first, values[index]!));
        return `((${[first, ...values].join()})=>${all.join("&&")})(${[node.first, ...node.rest.map(([, value]) => value)].map(of).join()})`;
      }
    }
  }

  /** An argument with the name of a value, for errors in development. */
  #named(node: Expression): string {
    const path = this.#options.development ? pathOf(node) : undefined;
    return path === undefined ? "" : `,${text(path)}`;
  }

  #call(callee: Expression, args: Arguments, frame: Frame, node: Node, ...more: readonly string[]): string {
    const special = this.#blockCall(callee, frame);
    if (special) return mark(node) + special;
    const of = (part: Expression): string => this.#expression(part, frame);
    const list = [...args.list.map(of), ...(args.rest ? [`...${this.#use("list")}(${of(args.rest)})`] : [])];
    const named = [
      ...args.named.map(([name, value]) => `[${text(name)}]:${of(value)}`),
      ...(args.namedRest ? [`...${of(args.namedRest)}`] : []),
      ...more,
    ];
    const tail = `[${list.join()}],${named.length > 0 ? `{${named.join()}}` : "void 0"}${this.#named(callee)}`;
    if (callee.kind === "get")
      return `${mark(node)}${this.#use("invoke")}(${of(callee.object)},${of(callee.key)},${tail})`;
    return `${mark(node)}${this.#use("call")}(${of(callee)},${tail})`;
  }

  /** `super()`, `super.super()` and `self.name()`; undefined for other calls. */
  #blockCall(callee: Expression, { block }: Frame): string | undefined {
    const path = pathOf(callee)?.split(".") ?? [];
    const isSuper = block !== undefined && path.length > 0 && path.every((part) => part === "super");
    const name = isSuper ? block : path.length === 2 && path[0] === "self" ? path[1] : undefined;
    if (name === undefined) return undefined;
    return `${this.#use("safe")}(${this.#use("block")}(c,b,${text(name)},${isSuper ? `d+${path.length}` : 0}))`;
  }

  #filter(node: Expression, frame: Frame, start?: string): string {
    if (node.kind !== "filter") return this.#expression(node, frame);
    const { value, args, name } = node;
    const code = value ? this.#filter(value, frame, start) : start!;
    return mark(node) + this.#filtered(name, args, code, frame, node);
  }

  #filtered(name: string, args: Arguments, value: string, frame: Frame, node: Node): string {
    const own = aliases.get(name) ?? name;
    if (own === "map" || /^(?:select|reject)(?:attr)?$/.test(own))
      return `${this.#use(own === "map" ? "map" : "select", "filters")}(${value},${this.#each(own, args, frame, node)})`;
    if (own === "format") {
      const values = args.list.map((one) => this.#expression(one, frame));
      const pairs = args.named.map(([key, one]) => `[${text(key)}]:${this.#expression(one, frame)}`);
      return `${this.#use("format", "filters")}(${value},[${values.join()}],{${pairs.join()}})`;
    }
    const params = filters.get(own) ?? this.#unknown("filter", name, [...filters.keys()], node);
    return `${this.#use(own, "filters")}(${[value, ...this.#positions(params, args, frame, node)].join()})`;
  }

  #test(name: string, args: Arguments, value: string, frame: Frame, node: Node): string {
    const own = aliases.get(name) ?? name;
    const params = tests.get(own) ?? this.#unknown("test", name, [...tests.keys()], node);
    const exported = `is${own.charAt(0).toUpperCase()}${own.slice(1)}`;
    return `${mark(node)}${this.#use(exported, "tests")}(${[value, ...this.#positions(params, args, frame, node)].join()})`;
  }

  /** The function that `map` and its like call with each item, from the name of a filter, a test or an attribute. */
  #each(kind: string, args: Arguments, frame: Frame, node: Node): string {
    const item = this.#temporary();
    const attribute = (of: Expression, fallback?: Expression): string =>
      `${this.#use("attribute", "filters")}(${[item, of, fallback].map((part) => (typeof part === "object" ? this.#expression(part, frame) : part)).filter((part) => part !== undefined).join()})`;
    const named = new Map(args.named);
    const byName = named.get("attribute");
    if (kind === "map" && args.list.length === 0 && byName) return `${item}=>${attribute(byName, named.get("default"))}`;
    const [first, ...rest] = args.list;
    const isAttribute = kind.endsWith("attr");
    const function_ = isAttribute ? rest[0] : first;
    const own = { list: isAttribute ? rest.slice(1) : rest, named: args.named };
    const value = isAttribute && first ? attribute(first) : item;
    if ((isAttribute || kind === "map") && !first) this.#fail(`${kind} has no argument`, node);
    if (function_ && !(function_.kind === "const" && typeof function_.value === "string"))
      this.#fail(`the name that ${kind} has is not known to the build`, function_, "Write it as a text.");
    const name = function_?.kind === "const" ? String(function_.value) : "";
    if (kind === "map") return `${item}=>${this.#filtered(name, own, value, frame, node)}`;
    const test = function_ ? this.#test(name, own, value, frame, node) : `${this.#use("truth")}(${value})`;
    return `${item}=>${kind.startsWith("reject") ? "!" : ""}${test}`;
  }

  #unknown(what: string, name: string, known: readonly string[], node: Node): never {
    const near = nearestWord(name, known);
    const fix = near === undefined ? `docs/templates.md lists the ${what}s.` : `Did you mean ${near}?`;
    return this.#fail(`the ${what} ${name} is not supported`, node, fix, name.length);
  }

  /** Arguments in the order of parameters. */
  #positions(params: readonly string[], args: Arguments, frame: Frame, node: Node): readonly string[] {
    const values = args.list.map((value) => this.#expression(value, frame));
    for (const [name, value] of args.named) {
      const index = params.indexOf(name);
      if (index < values.length && values[index] !== undefined) this.#fail(`there is no argument ${name}`, value);
      values[index] = this.#expression(value, frame);
    }
    if (args.rest ?? args.namedRest) this.#fail("* and ** are for macros and functions", (args.rest ?? args.namedRest)!);
    if (values.length > params.length) this.#fail("there are too many arguments", node);
    return Array.from(values, (value) => value ?? "void 0");
  }
}

const operators: Readonly<Record<string, string>> = {
  ...{ and: "and", or: "or", "+": "add", "-": "subtract", "*": "multiply", "/": "divide", "//": "floorDivide" },
  ...{ "%": "modulo", "**": "power", "==": "isEq", "!=": "isEq", "<": "isLt", "<=": "isLe", ">": "isGt" },
  ...{ ">=": "isGe", in: "isIn", not: "isIn" },
};

const arrow = (code: string): string => (code.startsWith("{") ? `(${code})` : code);

const nameTarget = ({ at }: Statement, name: string): Target => ({ kind: "name", at, name, use: "store" });

/** `user.name` for a name or attributes of one; undefined for other expressions. */
function pathOf(node: Expression): string | undefined {
  if (node.kind === "name") return node.name;
  if (node.kind !== "get" || node.key.kind !== "const") return undefined;
  const object = pathOf(node.object);
  return object === undefined ? undefined : `${object}.${node.key.value}`;
}

const containsExtends = (node: Node): boolean => node.kind === "extends" || childrenOf(node).some(containsExtends);

const containsScopedBlock = (node: Node): boolean =>
  (node.kind === "block" && node.isScoped) || childrenOf(node).some(containsScopedBlock);

const assigns = (node: Node, name: string): boolean =>
  (node.kind === "name" && node.name === name && node.use !== "load" && node.use !== "param") ||
  childrenOf(node).some((child) => assigns(child, name));
