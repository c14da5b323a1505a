/** The compiler of templates: from Jinja's source to an ES module with a source map. It reads and runs nothing. */
import type { GeneratorOptions } from "./expression-generator.ts";
import { Generator } from "./generator.ts";
import { parseTemplate } from "./parser.ts";
import { placesIn, withSourceMap } from "./source-map.ts";
import { TemplateSyntaxError } from "./syntax-error.ts";

/** What a module is made with. */
export interface CompileOptions extends Omit<GeneratorOptions, "placeOf"> {
  /** The path of the template, for messages and the source map. */
  readonly file: string;
}

/** A compiled template. */
export interface CompiledTemplate {
  /** JavaScript, with its source map in a comment. */
  readonly code: string;
  /** Names of the data that the template reads, those of its parents and parts aside. */
  readonly names: readonly string[];
}

/** Throws TemplateSyntaxError. */
export function compileTemplate(source: string, { file, ...options }: CompileOptions): CompiledTemplate {
  const placeAt = placesIn(source);
  const placeOf = (offset: number): string => [file, ...placeAt(offset).map((from0) => from0 + 1)].join(":");
  try {
    const generator = new Generator({ ...options, placeOf });
    const code = withSourceMap(generator.module(parseTemplate(source)), source, file, placeAt);
    return { code, names: [...generator.names] };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new TemplateSyntaxError("the template is nested too deeply", 0, 1, "Split it into macros or templates.");
  }
}
