/** The tokens of an expression, and the syntax error that names the one where parsing stopped. */
import { validation } from "./errors.ts";

/** A piece of an expression. A word is a name, a keyword or a function; `end` comes after the last one. */
export interface Token {
  readonly kind: "word" | "name" | "value" | "number" | "mark" | "end";
  readonly text: string;
  /** Its place in the expression. */
  readonly start: number;
  readonly end: number;
}

const forms: readonly (readonly [kind: Token["kind"], form: RegExp])[] = [
  ["word", /[a-zA-Z][a-zA-Z0-9_]*/y],
  ["name", /#[a-zA-Z0-9_]+/y],
  ["value", /:[a-zA-Z0-9_]+/y],
  ["number", /[0-9]+/y],
  ["mark", /<>|<=|>=|[=<>()[\],.+-]/y],
];

/** Bytes of an expression (developer guide, "Quotas"). */
const maxSize = 4096;

/** Reads the tokens of one expression. A class, since it keeps its place. */
export class TokenReader {
  /** `ConditionExpression`. */
  readonly #member: string;
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #index = 0;

  /** Throws ValidationException for an expression that is empty, too large, or has other characters. */
  constructor(member: string, text: string) {
    this.#member = member;
    this.#text = text;
    if (text === "") throw this.fault("The expression can not be empty;");
    const size = Buffer.byteLength(text);
    if (size > maxSize)
      throw this.fault(`Expression size has exceeded the maximum allowed size; expression size: ${size}`);
    this.#tokens = tokensOf(text, (tokens, odd) => this.#syntaxError([...tokens, odd], tokens.length));
  }

  /** The next token, not taken yet. */
  peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.#index + ahead, this.#tokens.length - 1)]!;
  }

  next(): Token {
    const token = this.peek();
    this.#index += 1;
    return token;
  }

  /** True when the next token is this keyword (in any letter case) or mark. */
  isAt(text: string): boolean {
    const token = this.peek();
    return (token.kind === "word" || token.kind === "mark") && token.text.toUpperCase() === text;
  }

  /** Takes the next token if it is this keyword or mark. */
  accept(text: string): boolean {
    if (!this.isAt(text)) return false;
    this.#index += 1;
    return true;
  }

  expect(text: string): void {
    if (!this.accept(text)) throw this.syntaxError();
  }

  /** At the next token. */
  syntaxError(): Error {
    return this.#syntaxError(this.#tokens, this.#index);
  }

  /** `Invalid ConditionExpression: …`. */
  fault(message: string): Error {
    return validation(`Invalid ${this.#member}: ${message}`);
  }

  #syntaxError(tokens: readonly Token[], index: number): Error {
    const at = tokens[Math.min(index, tokens.length - 1)]!;
    const from = tokens[index - 1] ?? at;
    const to = tokens[index + 1] ?? at;
    const near = this.#text.slice(from.start, to.end);
    return this.fault(`Syntax error; token: "${at.kind === "end" ? "<EOF>" : at.text}", near: "${near}"`);
  }
}

function tokensOf(text: string, fail: (tokens: readonly Token[], odd: Token) => Error): readonly Token[] {
  const tokens: Token[] = [];
  let start = 0;
  for (;;) {
    while (/\s/.test(text.charAt(start))) start += 1;
    if (start >= text.length) return [...tokens, { kind: "end", text: "", start: text.length, end: text.length }];
    const token = tokenAt(text, start);
    if (!token) throw fail(tokens, { kind: "mark", text: text.charAt(start), start, end: start + 1 });
    tokens.push(token);
    start = token.end;
  }
}

function tokenAt(text: string, start: number): Token | undefined {
  for (const [kind, form] of forms) {
    form.lastIndex = start;
    const found = form.exec(text)?.[0];
    if (found !== undefined) return { kind, text: found, start, end: start + found.length };
  }
  return undefined;
}
