/** Reads the tokens of a template in order, and makes errors at their places. */
import type { Token } from "./lexer.ts";
import { TemplateSyntaxError } from "./syntax-error.ts";

/** How deep tags and expressions may be nested; JavaScript's own parsers have a limit too. */
const maxDepth = 200;

/** A held position in the tokens. */
export class TokenReader {
  readonly #tokens: readonly Token[];
  #position = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get current(): Token {
    return this.#tokens[Math.min(this.#position, this.#tokens.length - 1)]!;
  }

  get next(): Token {
    return this.#tokens[Math.min(this.#position + 1, this.#tokens.length - 1)]!;
  }

  advance(count = 1): true {
    this.#position += count;
    return true;
  }

  error(message: string, at = this.current.at, length = this.current.length): TemplateSyntaxError {
    return new TemplateSyntaxError(message, at, length);
  }

  nested<T>(parse: () => T): T {
    if (++this.#depth > maxDepth) throw this.error(`this is nested more than ${maxDepth} deep`);
    const node = parse();
    this.#depth -= 1;
    return node;
  }

  /** Whether the current token is one of these words, operators or ends of tags. */
  is(...values: readonly string[]): boolean {
    return !["string", "data"].includes(this.current.type) && values.includes(this.current.value);
  }

  accept(value: string): boolean {
    return this.is(value) && this.advance();
  }

  expect(value: string): void {
    if (!this.accept(value)) throw this.unexpected(value);
  }

  identifier(): string {
    const { type, value } = this.current;
    if (type !== "name") throw this.unexpected("a name");
    this.advance();
    return value;
  }

  unexpected(expected: string): TemplateSyntaxError {
    return this.error(`expected ${expected}, found ${this.current.value}`);
  }

  /** What is between commas, up to a token that stays the current one. @param mayEndInComma as lists may */
  separated<T>(end: string, parse: () => T, mayEndInComma = false): readonly T[] {
    const items: T[] = [];
    while (!this.is(end)) {
      if (items.length > 0) this.expect(",");
      if (mayEndInComma && this.is(end)) break;
      items.push(parse());
    }
    return items;
  }
}
