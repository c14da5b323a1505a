/** The shapes of the rules of hosting.json, from which both the validator and the JSON Schema are derived. */

/** A regular expression, and a description that completes "Write …". */
export interface TextPattern {
  /**
   * Source of an ECMA-262 regular expression, which JSON Schema reads too; it contains its own anchors.
   */
  readonly pattern: string;
  readonly description: string;
}

/** Limits of a string: the pattern that it must match, and patterns that it must not match. */
export interface TextLimits extends TextPattern {
  readonly not?: readonly TextPattern[];
}

interface Described {
  /** The hover text in an editor. */
  readonly description?: string;
}

export type Rule = Described &
  (
    | { readonly kind: "text"; readonly limits?: TextLimits }
    | { readonly kind: "integer"; readonly min: number; readonly max: number }
    | { readonly kind: "boolean" }
    /** One of a few values. */
    | { readonly kind: "choice"; readonly of: readonly (string | number | boolean)[] }
    | {
        readonly kind: "list";
        readonly items: Rule;
        readonly min?: number;
        readonly max?: number;
        readonly unique?: boolean;
      }
    /** A value, or a list of such values. */
    | { readonly kind: "one-or-list"; readonly items: Rule }
    | ObjectRule
    /** An object with any keys that match `names`. */
    | { readonly kind: "map"; readonly names: TextLimits; readonly values: Rule }
    /** An object in a platform's own shape, passed on as it is. */
    | { readonly kind: "platform-object"; readonly required?: string }
  );

/** An object with known keys; other keys are errors. */
export interface ObjectRule extends Described {
  readonly kind: "object";
  readonly keys: Readonly<Record<string, Rule>>;
  readonly required?: readonly string[];
}

/** A text that is not empty; with a pattern, one that matches it. @param meaning completes "Write …" */
export const textRule = (description: string, pattern?: string, meaning = ""): Rule => ({
  kind: "text",
  description,
  limits: pattern === undefined ? { pattern: "\\S", description: "not empty" } : { pattern, description: meaning },
});
