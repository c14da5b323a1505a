/** The generator of a template's expressions: JavaScript that calls the runtime by Jinja's rules. */
import { nearestWord } from "../../model/did-you-mean.ts";
import { aliases, filters, tests } from "./builtins.ts";
import type { Arguments, Expression, Node } from "./nodes.ts";
import { refOf, type Scope } from "./scope.ts";
import { mark } from "./source-map.ts";
import { TemplateSyntaxError } from "./syntax-error.ts";

/** What the code depends on beside the template. */
export interface GeneratorOptions {
  /** Adds warnings of printed names that are undefined, and their names to errors. */
  readonly development: boolean;
  /**
   * The specifier that imports the template of a name, and whether there is one. One that may be missing is imported
   * all the same, so that a build looks again when it appears, unless its specifier is empty.
   */
  readonly locate: (name: string) => { readonly specifier: string; readonly exists: boolean };
  /** Where names begin that do not begin with a dot, for messages: `functions/_views`, or that it is missing. */
  readonly folder?: string;
  /** The specifier that imports a module of the runtime. */
  readonly runtime: (module: string) => string;
  /** `file:line:column` of an offset. */
  readonly placeOf: (offset: number) => string;
}

/** The scope that code is in, and where it is in the template. */
export interface Frame {
  readonly scope: Scope;
  /** Outside of every scope but that of the template; `isRoot`: and of every `if`. */
  readonly isTop?: boolean;
  readonly isRoot?: boolean;
  /** Output counts only as long as no parent is known. */
  readonly isGuarded?: boolean;
  readonly block?: string;
  /** Variables of a macro's parameters that have no value yet: they are undefined. */
  readonly later?: readonly string[];
}

/** A value as JavaScript. */
export const text = (value: unknown): string => JSON.stringify(value);
/** The access of a property. */
export const property = (name: string): string => (/^[A-Za-z_]\w*$/.test(name) ? `.${name}` : `[${text(name)}]`);

/** The files of framework/features/templates. */
type RuntimeModule = "runtime" | "filters" | "tests" | "globals" | "warning";

type Generate<N> = (node: N, frame: Frame) => string;

/** Generates expressions, and knows what they import. */
export class ExpressionGenerator {
  readonly options: GeneratorOptions;
  /** Specifiers by the names that are imported from them. */
  readonly imports = new Map<string, string>();
  #temporaries = 0;

  constructor(options: GeneratorOptions) {
    this.options = options;
  }

  fail(message: string, { at }: { readonly at: number }, fix?: string, length = 1): never {
    throw new TemplateSyntaxError(message, at, length, fix);
  }

  /** The name in the code of something that a module of the runtime exports. */
  use(name: string, module: RuntimeModule = "runtime"): string {
    const local = `${module}_${name}`;
    this.imports.set(`${name === "default" ? "defaultTo" : name} as ${local}`, text(this.options.runtime(module)));
    return local;
  }

  temporary(): string {
    return `t${(this.#temporaries += 1)}`;
  }

  expression(node: Expression, frame: Frame): string {
    return (this.#kinds[node.kind] as Generate<Expression>)(node, frame);
  }

  #all(nodes: readonly (Expression | undefined)[], frame: Frame): readonly string[] {
    return nodes.map((node) => (node ? this.expression(node, frame) : "void 0"));
  }

  readonly #kinds: { readonly [K in Expression["kind"]]: Generate<Extract<Expression, { kind: K }>> } = {
    const: ({ value }) => text(value),
    name: ({ name }, { scope, later }) => {
      const ref = refOf(scope, name)!;
      return later?.includes(ref) ? `(${ref}===${this.use("missing")}?void 0:${ref})` : ref;
    },
    list: ({ items }, frame) => `[${this.#all(items, frame).join()}]`,
    dict: ({ pairs }, frame) => {
      const entries = pairs.map((pair) => this.#all(pair, frame)).map(([key, value]) => `[${key}]:${value}`);
      return `{${entries.join()}}`;
    },
    get: (node, frame) =>
      mark(node) + this.#apply("get", [...this.#all([node.object, node.key], frame), ...this.#named(node.object)]),
    slice: (node, frame) => mark(node) + this.#apply("slice", this.#all([node.object, ...node.bounds], frame)),
    call: (node, frame) => this.call(node.callee, node.args, frame, node),
    filter: (node, frame) => this.filter(node, frame),
    test: (node, frame) => this.#test(node.name, node.args, this.expression(node.value, frame), frame, node),
    concat: ({ items }, frame) => this.#apply("concat", this.#all(items, frame)),
    either: ({ test, value, otherwise }, frame) =>
      `(${[this.truth(test, frame), this.#all([value, otherwise], frame).join(":")].join("?")})`,
    unary: (node, frame) => {
      if (node.operator === "not") return `!${this.truth(node.value, frame)}`;
      const name = node.operator === "-" ? "negative" : "positive";
      return mark(node) + this.#apply(name, this.#all([node.value], frame));
    },
    binary: (node, frame) => {
      const [left = "", right = ""] = this.#all([node.left, node.right], frame);
      const isLazy = node.operator === "and" || node.operator === "or";
      return mark(node) + this.#apply(operators[node.operator]!, [left, isLazy ? `()=>(${right})` : right]);
    },
    compare: ({ first, rest, ...node }, frame) => {
      const values = this.#all([first, ...rest.map(([, value]) => value)], frame);
      // Each value is looked at once.
      const names = rest.length > 1 ? values.map(() => this.temporary()) : values;
      const parts = rest.map(([operator], index) => {
        const isNegated = operator === "not" || operator === "!=";
        const code = this.#apply(operators[operator]!, [names[index]!, names[index + 1]!], "tests");
        return mark(node) + (isNegated ? `!${code}` : code);
      });
      return rest.length > 1 ? `((${names.join()})=>${parts.join("&&")})(${values.join()})` : parts[0]!;
    },
  };

  #apply(name: string, args: readonly string[], module: RuntimeModule = "runtime"): string {
    return `${this.use(name, module)}(${args.join()})`;
  }

  /** A value that is printed; in development, one that warns when it is undefined. */
  printed(node: Expression, frame: Frame): string {
    const code = this.expression(node, frame);
    const path = this.options.development ? pathOf(node) : undefined;
    if (path === undefined) return code;
    return `${this.use("warn", "warning")}(${code},${text(path)},${text(this.options.placeOf(node.at))})`;
  }

  /** An expression that is true or false. */
  truth(node: Expression, frame: Frame): string {
    if (node.kind === "binary" && ["and", "or"].includes(node.operator)) {
      const operator = node.operator === "and" ? "&&" : "||";
      return `(${this.truth(node.left, frame)}${operator}${this.truth(node.right, frame)})`;
    }
    const code = this.expression(node, frame);
    const isBoolean = ["compare", "test"].includes(node.kind) || (node.kind === "unary" && node.operator === "not");
    return isBoolean ? code : `${this.use("truth")}(${code})`;
  }

  /** An argument with the name of a value, for errors in development. */
  #named(node: Expression): readonly string[] {
    const path = this.options.development ? pathOf(node) : undefined;
    return path === undefined ? [] : [text(path)];
  }

  call(callee: Expression, args: Arguments, frame: Frame, node: Node, ...more: readonly string[]): string {
    const special = this.#blockCall(callee, frame);
    if (special) return mark(node) + special;
    const of = (part: Expression): string => this.expression(part, frame);
    const list = [...args.list.map(of), ...(args.rest ? [`...${this.#apply("list", [of(args.rest)])}`] : [])];
    const pairs = args.named.map(([name, value]) => `[${text(name)}]:${of(value)}`);
    const named = [...pairs, ...(args.namedRest ? [`...${of(args.namedRest)}`] : []), ...more];
    const name = this.#named(callee.kind === "get" ? callee.object : callee);
    const last = named.length > 0 ? [`{${named.join()}}`] : name.length > 0 ? ["void 0"] : [];
    const called = callee.kind === "get" ? [callee.object, callee.key] : [callee];
    const all = [...this.#all(called, frame), `[${list.join()}]`, ...last, ...name];
    return mark(node) + this.#apply(callee.kind === "get" ? "invoke" : "call", all);
  }

  /** `super()`, `super.super()` and `self.name()`; undefined for other calls. */
  #blockCall(callee: Expression, { block }: Frame): string | undefined {
    const path = pathOf(callee)?.split(".") ?? [];
    const isSuper = block !== undefined && path.length > 0 && path.every((part) => part === "super");
    const name = isSuper ? block : path.length === 2 && path[0] === "self" ? path[1] : undefined;
    if (name === undefined) return undefined;
    return `${this.use("safe")}(${this.use("block")}(c,b,${text(name)},${isSuper ? `d+${path.length}` : 0}))`;
  }

  filter(node: Expression, frame: Frame, start?: string): string {
    if (node.kind !== "filter") return this.expression(node, frame);
    const { value, args, name } = node;
    const code = value ? this.filter(value, frame, start) : start!;
    return mark(node) + this.#filtered(name, args, code, frame, node);
  }

  #filtered(name: string, args: Arguments, value: string, frame: Frame, node: Node): string {
    const own = aliases.get(name) ?? name;
    if (own === "map" || /^(?:select|reject)(?:attr)?$/.test(own))
      return this.#apply(own === "map" ? own : "select", [value, this.#each(own, args, frame, node)], "filters");
    if (own === "format") {
      const pairs = args.named.map(([key, one]) => `[${text(key)}]:${this.expression(one, frame)}`);
      const values = `[${this.#all(args.list, frame).join()}]`;
      return this.#apply(own, [value, values, `{${pairs.join()}}`], "filters");
    }
    const params = filters.get(own) ?? this.#unknown("filter", name, [...filters.keys()], node);
    return this.#apply(own, [value, ...this.#positions(params, args, frame, node)], "filters");
  }

  #test(name: string, args: Arguments, value: string, frame: Frame, node: Node): string {
    const own = aliases.get(name) ?? name;
    const params = tests.get(own) ?? this.#unknown("test", name, [...tests.keys()], node);
    const exported = `is${own.charAt(0).toUpperCase()}${own.slice(1)}`;
    return mark(node) + this.#apply(exported, [value, ...this.#positions(params, args, frame, node)], "tests");
  }

  /** The function that `map` and its like call with each item, from the name of a filter, a test or an attribute. */
  #each(kind: string, args: Arguments, frame: Frame, node: Node): string {
    const item = this.temporary();
    const attribute = (...of: readonly (Expression | undefined)[]): string =>
      this.#apply("attribute", [item, ...this.#all(of, frame)], "filters");
    const named = new Map(args.named);
    const byName = kind === "map" && args.list.length === 0 ? named.get("attribute") : undefined;
    if (byName) return `${item}=>${attribute(byName, named.get("default"))}`;
    const isAttribute = kind.endsWith("attr");
    const [first] = args.list;
    const [called, ...list] = isAttribute ? args.list.slice(1) : args.list;
    if ((isAttribute || kind === "map") && !first) this.fail(`${kind} has no argument`, node);
    if (called && !(called.kind === "const" && typeof called.value === "string"))
      this.fail(`the name that ${kind} has is not known to the build`, called, "Write it as a text.");
    const value = isAttribute ? attribute(first) : item;
    const [name, own] = [called?.kind === "const" ? String(called.value) : "", { list, named: args.named }];
    if (kind === "map") return `${item}=>${this.#filtered(name, own, value, frame, node)}`;
    const test = called ? this.#test(name, own, value, frame, node) : this.#apply("truth", [value]);
    return `${item}=>${kind.startsWith("reject") ? "!" : ""}${test}`;
  }

  #unknown(what: string, name: string, known: readonly string[], node: Node): never {
    const near = nearestWord(name, known);
    const fix = near === undefined ? `docs/templates.md lists the ${what}s.` : `Did you mean ${near}?`;
    return this.fail(`the ${what} ${name} is not supported`, node, fix, name.length);
  }

  /** Arguments in the order of parameters. */
  #positions(params: readonly string[], args: Arguments, frame: Frame, node: Node): readonly string[] {
    const values = args.list.map((value) => this.expression(value, frame));
    for (const [name, value] of args.named) {
      const index = params.indexOf(name);
      if (index < values.length && values[index] !== undefined) this.fail(`there is no argument ${name}`, value);
      values[index] = this.expression(value, frame);
    }
    if (args.rest ?? args.namedRest) this.fail("* and ** are for macros and functions", (args.rest ?? args.namedRest)!);
    if (values.length > params.length) this.fail("there are too many arguments", node);
    return Array.from(values, (value) => value ?? "void 0");
  }
}

const operators: Readonly<Record<string, string>> = {
  and: "and",
  or: "or",
  "+": "add",
  "-": "subtract",
  "*": "multiply",
  "/": "divide",
  "//": "floorDivide",
  "%": "modulo",
  "**": "power",
  "==": "isEq",
  "!=": "isEq",
  "<": "isLt",
  "<=": "isLe",
  ">": "isGt",
  ">=": "isGe",
  in: "isIn",
  not: "isIn",
};

/** `user.name` for a name or attributes of one; undefined for other expressions. */
function pathOf(node: Expression): string | undefined {
  if (node.kind === "name") return node.name;
  if (node.kind !== "get" || node.key.kind !== "const") return undefined;
  const object = pathOf(node.object);
  return object === undefined ? undefined : `${object}.${node.key.value}`;
}
