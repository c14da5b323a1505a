/** The templates that a template names: each is a numbered import of its module. */
import { type ExpressionGenerator, text } from "./expression-generator.ts";
import type { Expression, Statement } from "./nodes.ts";

/** Numbers by what imports a template. */
export class TemplateReferences {
  readonly #generator: ExpressionGenerator;
  readonly #numbers = new Map<string, number>();

  constructor(generator: ExpressionGenerator) {
    this.#generator = generator;
  }

  /**
   * Imports a template by a name that the build knows, or the first one that exists of a list of names. Throws
   * TemplateSyntaxError where there is none.
   * @param isOptional gives no number where there is none
   */
  number(node: Expression, statement: Statement, isOptional = false): readonly [number?: number] {
    const { imports, options } = this.#generator;
    const isList = node.kind === "list" && statement.kind === "include";
    const names = (isList ? node.items : [node]).map((item) => this.#nameOf(item));
    for (const name of names) {
      const { specifier, exists } = options.locate(name);
      const number = this.#numbers.get(specifier) ?? this.#numbers.size;
      this.#numbers.set(specifier, number);
      const parts = ["root", "blocks", "names"].map((part) => `${part} as ${part}${number}`).join();
      if (exists) imports.set(parts, text(specifier));
      if (exists) return [number];
      if ((isOptional || isList) && specifier) imports.set(parts, `${text(specifier)} with {missing:"ignored"}`);
    }
    if (isOptional) return [];
    const { folder = "the folder of templates" } = options;
    const fix = `Correct the name: it is a path below ${folder}, or begins with ./ for one beside the file.`;
    const { at } = statement;
    return this.#generator.fail(`there is no template ${names.join(" or ")}`, node.at === at ? { at } : node, fix);
  }

  #nameOf(item: Expression): string {
    if (item.kind === "const" && typeof item.value === "string") return item.value;
    const fix = 'Write the name as a text: {% include "name.jinja" %}; choose between several with {% if %}.';
    return this.#generator.fail("the name of a template is not known to the build", item, fix);
  }
}
