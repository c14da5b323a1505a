/** The parser of a template's tags, as Jinja 3.1's. */
import { nearestWord } from "../../model/did-you-mean.ts";
import { ExpressionParser } from "./expression-parser.ts";
import { tokenize } from "./lexer.ts";
import { TemplateSyntaxError } from "./syntax-error.ts";
import type { Body, Expression, Name, Signature, Statement, Target } from "./nodes.ts";

/** Throws TemplateSyntaxError. */
export const parseTemplate = (source: string): Body => new Parser(tokenize(source)).statements();

/** Tags of Jinja and its extensions that are left out on purpose, and what to write instead. */
const unsupported: Readonly<Record<string, string>> = {
  autoescape: "Everything is escaped; write |safe after a value that is HTML.",
  do: "Write {% set _ = … %}.",
  break: "Filter the loop instead: {% for item in items if … %}.",
  continue: "Filter the loop instead: {% for item in items if … %}.",
  trans: "Pass translated texts to the template.",
};

/** A held position in the tokens. */
class Parser extends ExpressionParser {
  /** Names of the open tags. */
  readonly #open: string[] = [];

  /** Up to a tag with one of the names, which becomes the current token; without names up to the end. */
  statements(...ends: readonly string[]): Body {
    const body: Statement[] = [];
    for (;;) {
      const { type, value, at } = this.current;
      if (type === "end" && ends.length === 0) return body;
      if (type === "end") throw this.error(`the template ends inside {% ${this.#open.at(-1)} %}`);
      this.advance();
      if (type === "data") body.push({ kind: "text", at, text: value });
      else if (type === "{{") {
        body.push({ kind: "print", at: this.current.at, value: this.tuple() });
        this.expect("}}");
      } else {
        if (ends.some((end) => this.is(end))) return body;
        body.push(...this.nested(() => this.#statement()));
        this.expect("%}");
      }
    }
  }

  #statement(): Body {
    const { value: tag, at } = this.current;
    const parse = Object.hasOwn(this.#tags, tag) && this.is(tag) ? this.#tags[tag] : undefined;
    if (!parse) throw this.#unknownTag();
    this.advance();
    this.#open.push(tag);
    const statements = parse(at);
    this.#open.pop();
    return [statements].flat();
  }

  #unknownTag(): TemplateSyntaxError {
    const { value, at, length } = this.current;
    const fix = Object.hasOwn(unsupported, value) ? unsupported[value] : undefined;
    if (fix !== undefined) return new TemplateSyntaxError(`the tag ${value} is not supported`, at, length, fix);
    const open = this.#open.at(-1);
    const inside = open === undefined ? "" : ` inside {% ${open} %}`;
    const near = nearestWord(value, [
      ...(open === undefined ? [] : [`end${open}`, "else", "elif"]),
      ...Object.keys(this.#tags),
    ]);
    const advice = near === undefined ? undefined : `Did you mean {% ${near} %}?`;
    return new TemplateSyntaxError(`unexpected tag ${value}${inside}`, at, length, advice);
  }

  readonly #tags: Readonly<Record<string, (at: number) => Statement | Body>> = {
    print: () => this.separated("%}", () => ({ kind: "print", at: this.current.at, value: this.expression() })),
    set: (at) => {
      const target = this.target({ withAttribute: true });
      if (this.accept("=")) return { kind: "set", at, value: this.tuple(), target };
      return { kind: "capture", at, target, filter: this.filters(), body: this.#body("endset") };
    },
    for: (at) => {
      const target = this.target({ end: "in" });
      this.expect("in");
      const items = this.tuple({ withCondition: false, end: "recursive" });
      const test = this.accept("if") ? this.expression() : undefined;
      const isRecursive = this.accept("recursive");
      const body = this.#bodyUntil("endfor", "else");
      return { kind: "for", at, target, items, test, isRecursive, body, otherwise: this.#otherwise("endfor") };
    },
    if: (at) => {
      const branches: { readonly at: number; readonly test: Expression; readonly body: Body }[] = [];
      do {
        const start = branches.length > 0 ? this.current.at : at;
        const test = this.tuple({ withCondition: false });
        branches.push({ at: start, test, body: this.#bodyUntil("elif", "else", "endif") });
      } while (this.accept("elif"));
      const last = this.#otherwise("endif");
      return branches.reduceRight<Body>((otherwise, part) => [{ kind: "if", ...part, otherwise }], last);
    },
    with: (at) => {
      const pairs = this.separated("%}", (): readonly [Target, Expression] => {
        const target = this.target({ use: "param", isSingle: true });
        this.expect("=");
        return [target, this.expression()];
      });
      const [targets, values] = [pairs.map(([target]) => target), pairs.map(([, value]) => value)];
      return { kind: "with", at, targets, values, body: this.#body("endwith") };
    },
    block: (at) => {
      const name = this.identifier();
      const [isScoped, isRequired] = [this.accept("scoped"), this.accept("required")];
      if (this.is("-")) throw this.error("the name of a block has no hyphens; use an underscore");
      const body = this.#body("endblock");
      this.accept(name);
      if (isRequired && !body.every((node) => node.kind === "text" && node.text.trim() === ""))
        throw this.error("a required block contains nothing but comments", at);
      return { kind: "block", at, name, isScoped, isRequired, body };
    },
    extends: (at) => ({ kind: "extends", at, template: this.expression() }),
    include: (at) => {
      const template = this.expression();
      const isOptional = this.is("ignore") && this.next.value === "missing" && this.advance(2);
      return { kind: "include", at, template, isOptional, withContext: this.#context() ?? true };
    },
    import: (at) => {
      const template = this.expression();
      this.expect("as");
      return { kind: "import", at, template, name: this.identifier(), withContext: this.#context() ?? false };
    },
    from: (at) => {
      const template = this.expression();
      this.expect("import");
      const names: (readonly [string, string])[] = [];
      let withContext: boolean | undefined;
      do {
        if (names.length > 0 && (withContext = this.#context()) !== undefined) break;
        const { at: start } = this.current;
        const name = this.identifier();
        if (name.startsWith("_")) throw this.error("a name that starts with _ cannot be imported", start, name.length);
        names.push([name, this.accept("as") ? this.identifier() : name]);
        withContext = this.#context();
      } while (withContext === undefined && this.accept(","));
      return { kind: "from", at, template, names, withContext: withContext ?? false };
    },
    macro: (at) => {
      const name = this.identifier();
      return { kind: "macro", at, name, signature: this.#signature(), body: this.#body("endmacro") };
    },
    call: (at) => {
      const signature = this.is("(") ? this.#signature() : { params: [], defaults: [] };
      const call = this.expression();
      if (call.kind !== "call") throw this.error("expected the call of a macro", call.at);
      return { kind: "callBlock", at, call, signature, body: this.#body("endcall") };
    },
    filter: (at) => {
      const filter = this.filters(undefined, true)!;
      return { kind: "filterBlock", at, filter, body: this.#body("endfilter") };
    },
  };

  /** What follows the opening tag, up to the tag with one of the names, which becomes the current token. */
  #bodyUntil(...ends: readonly string[]): Body {
    this.accept(":");
    this.expect("%}");
    return this.statements(...ends);
  }

  #body(end: string): Body {
    const body = this.#bodyUntil(end);
    this.advance();
    return body;
  }

  /** What follows an `else`, if it is the current token. */
  #otherwise(end: string): Body {
    if (this.accept("else")) return this.#body(end);
    this.advance();
    return [];
  }

  #context(): boolean | undefined {
    const isWith = this.is("with");
    if (!(isWith || this.is("without")) || this.next.value !== "context") return undefined;
    this.advance(2);
    return isWith;
  }

  #signature(): Signature {
    const defaults: Expression[] = [];
    this.expect("(");
    const params = this.separated(")", (): Name => {
      const { at } = this.current;
      const name = this.identifier();
      if (this.accept("=")) defaults.push(this.expression());
      else if (defaults.length > 0) throw this.error("a parameter without a default follows one that has it", at);
      return { kind: "name", at, name, use: "param" };
    });
    this.expect(")");
    return { params, defaults };
  }
}
