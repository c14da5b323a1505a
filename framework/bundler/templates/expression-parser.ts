/** The parser of a template's expressions, as Jinja 3.1's. */
import type { Arguments, Expression, Target } from "./nodes.ts";
import { TokenReader } from "./token-reader.ts";

const constants: ReadonlyMap<string, boolean | null> = new Map<string, boolean | null>([
  ["true", true],
  ["True", true],
  ["false", false],
  ["False", false],
  ["none", null],
  ["None", null],
]);

/** A held position in the tokens. */
export class ExpressionParser extends TokenReader {
  /** @param end the word that ends several names after a comma */
  target({ end = "", withAttribute = false, isSingle = false, use = "store" as "store" | "param" }): Target {
    const { at, type, value: name } = this.current;
    if (withAttribute && type === "name" && this.next.value === "." && this.advance(2))
      return { kind: "attribute", at, object: { kind: "name", at, name, use: "load" }, name: this.identifier() };
    const node = isSingle ? this.#primary() : this.tuple({ isSimple: true, end });
    return this.#toTarget(node, use);
  }

  #toTarget(node: Expression, use: "store" | "param"): Target {
    if (node.kind === "name") return { ...node, use };
    if (node.kind !== "list" || !node.isTuple) throw this.error("this cannot be assigned", node.at, 1);
    return { ...node, items: node.items.map((item) => this.#toTarget(item, use)) };
  }

  /** One expression, or a list of several with commas. */
  tuple({ end = "", withCondition = true, isSimple = false, inParentheses = false } = {}): Expression {
    const { at } = this.current;
    const items: Expression[] = [];
    let isTuple = false;
    for (;;) {
      if (items.length > 0) this.expect(",");
      if (this.is("}}", "%}", ")", ...(end ? [end] : []))) break;
      items.push(isSimple ? this.#primary() : this.expression(withCondition));
      if (!this.is(",")) break;
      isTuple = true;
    }
    if (!isTuple && items[0]) return items[0];
    if (!isTuple && !inParentheses) throw this.unexpected("an expression");
    return { kind: "list", at, items, isTuple: true };
  }

  expression(withCondition = true): Expression {
    return this.nested(() => (withCondition ? this.#condition() : this.#or()));
  }

  #condition(): Expression {
    let value = this.#or();
    while (this.accept("if")) {
      const test = this.#or();
      const otherwise = this.accept("else") ? this.nested(() => this.#condition()) : undefined;
      value = { kind: "either", at: value.at, test, value, otherwise };
    }
    return value;
  }

  #binary(operators: readonly string[], operand: () => Expression): Expression {
    let left = operand();
    while (this.is(...operators)) {
      const { value: operator, at } = this.current;
      this.advance();
      left = { kind: "binary", at, operator, left, right: operand() };
    }
    return left;
  }

  #or(): Expression {
    return this.#binary(["or"], () => this.#binary(["and"], () => this.#not()));
  }

  #not(): Expression {
    const { at } = this.current;
    if (!this.accept("not")) return this.#comparison();
    return { kind: "unary", at, operator: "not", value: this.nested(() => this.#not()) };
  }

  #comparison(): Expression {
    const first = this.#sum();
    const rest: (readonly [string, Expression])[] = [];
    for (;;) {
      const { value: operator, at } = this.current;
      const isNotIn = operator === "not" && this.next.value === "in";
      if (!isNotIn && !this.is("==", "!=", "<", "<=", ">", ">=", "in"))
        return rest.length > 0 ? { kind: "compare", at: rest.length > 1 ? first.at : at, first, rest } : first;
      this.advance(isNotIn ? 2 : 1);
      rest.push([operator, this.#sum()]);
    }
  }

  #sum(): Expression {
    return this.#binary(["+", "-"], () => {
      const { at } = this.current;
      const items = [this.#product()];
      while (this.accept("~")) items.push(this.#product());
      return items.length > 1 ? { kind: "concat", at, items } : items[0]!;
    });
  }

  #product(): Expression {
    return this.#binary(["*", "/", "//", "%"], () => this.#binary(["**"], () => this.#unary()));
  }

  #unary(withFilters = true): Expression {
    const { value: operator, at } = this.current;
    if (!this.is("-", "+")) return this.#postfix(this.#primary(), withFilters);
    this.advance();
    const value = this.nested(() => this.#unary(false));
    return this.#postfix({ kind: "unary", at, operator, value }, withFilters);
  }

  #primary(): Expression {
    const { type, value, at } = this.current;
    if (type === "string") return { kind: "const", at, value: this.#strings() };
    if (!["name", "integer", "float"].includes(type) && !this.is("(", "[", "{")) throw this.unexpected("an expression");
    this.advance();
    if (type === "integer" || type === "float") return { kind: "const", at, value: Number(value.replaceAll("_", "")) };
    if (type === "name") {
      const constant = constants.get(value);
      return constant === undefined
        ? { kind: "name", at, name: value, use: "load" }
        : { kind: "const", at, value: constant };
    }
    const end = { "(": ")", "[": "]", "{": "}" }[value] ?? "";
    const node: Expression =
      value === "("
        ? this.nested(() => this.tuple({ inParentheses: true }))
        : value === "["
          ? { kind: "list", at, items: this.separated(end, () => this.expression(), true) }
          : { kind: "dict", at, pairs: this.separated(end, () => this.#pair(), true) };
    this.expect(end);
    return node;
  }

  /** Strings that follow each other are one. */
  #strings(): string {
    let text = "";
    for (; this.current.type === "string"; this.advance()) text += this.current.value;
    return text;
  }

  #pair(): readonly [Expression, Expression] {
    const key = this.expression();
    this.expect(":");
    return [key, this.expression()];
  }

  /** Calls, accesses, and then filters and tests, which calls may follow but accesses may not. */
  #postfix(start: Expression, withFilters: boolean): Expression {
    let node = start;
    for (let isFiltered = false; ;) {
      const { at } = this.current;
      if (!isFiltered && this.accept(".")) node = { kind: "get", at, object: node, key: this.#attribute() };
      else if (!isFiltered && this.accept("[")) node = this.#subscript(node, at);
      else if (this.is("(")) node = { kind: "call", at: node.at, callee: node, args: this.#arguments() };
      else if (withFilters && this.is("|", "is")) {
        node = this.accept("is") ? this.#test(node) : this.filters(node)!;
        isFiltered = true;
      } else return node;
    }
  }

  #attribute(): Expression {
    const { type, value, at } = this.current;
    if (type !== "name" && type !== "integer") throw this.unexpected("a name or a number");
    this.advance();
    return { kind: "const", at, value: type === "name" ? value : Number(value) };
  }

  #subscript(object: Expression, at: number): Expression {
    const bounds: (Expression | undefined)[] = [undefined];
    while (!this.is("]")) {
      if (bounds.length < 3 && this.accept(":")) bounds.push(undefined);
      else if (bounds.at(-1) === undefined) bounds[bounds.length - 1] = this.expression();
      else throw this.unexpected("]");
    }
    this.expect("]");
    if (bounds.length > 1) return { kind: "slice", at, object, bounds };
    if (!bounds[0]) throw this.error("expected an index", at);
    return { kind: "get", at, object, key: bounds[0] };
  }

  #arguments(): Arguments {
    const { at } = this.current;
    const list: Expression[] = [];
    const named: (readonly [string, Expression])[] = [];
    let rest: Expression | undefined;
    let namedRest: Expression | undefined;
    const ensure = (holds: boolean): void => {
      if (!holds) throw this.error("these arguments are in an order that is not allowed", at);
    };
    const parse = (): unknown => {
      ensure(!namedRest);
      if (this.accept("**")) return (namedRest = this.expression());
      const isNamed = this.current.type === "name" && this.next.value === "=" && this.next.type === "operator";
      if (isNamed) return named.push([this.identifier(), this.advance() && this.expression()] as never);
      ensure(!rest);
      if (this.accept("*")) return (rest = this.expression());
      ensure(named.length === 0);
      return list.push(this.expression());
    };
    this.expect("(");
    this.separated(")", parse, true);
    this.expect(")");
    return { list, named, rest, namedRest };
  }

  #dotted(): string {
    let name = this.identifier();
    while (this.accept(".")) name += `.${this.identifier()}`;
    return name;
  }

  /** The filters that follow a value; undefined without any. @param isFirstBare whether the first one has no `|` */
  filters(value?: Expression, isFirstBare = false): Expression | undefined {
    let node = value;
    for (let isBare = isFirstBare; isBare || this.accept("|"); isBare = false) {
      const { at } = this.current;
      const name = this.#dotted();
      const args = this.is("(") ? this.#arguments() : { list: [], named: [] };
      node = { kind: "filter", at, name, args, ...(node && { value: node }) };
    }
    return node;
  }

  #test(value: Expression): Expression {
    const isNegated = this.accept("not");
    const { at } = this.current;
    const name = this.#dotted();
    const isArgument = ["name", "string", "integer", "float"].includes(this.current.type) || this.is("[", "{");
    let args: Arguments = { list: [], named: [] };
    if (this.is("(")) args = this.#arguments();
    else if (isArgument && !this.is("else", "or", "and")) {
      if (this.is("is")) throw this.error("tests cannot follow each other; join them with and");
      args = { ...args, list: [this.#postfix(this.#primary(), false)] };
    }
    const test = { kind: "test", at, value, name, args } as const;
    return isNegated ? { kind: "unary", at, operator: "not", value: test } : test;
  }
}
