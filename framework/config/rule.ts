/** What a value of hosting.json may be: rules as plain records; the validator and the JSON Schema are both made from them. */

/** A pattern and its meaning in words: "must be …". */
export interface TextPattern {
  /** Source of a regular expression that both JavaScript and JSON Schema (ECMA-262) read, anchored where it has to be. */
  readonly pattern: string;
  readonly says: string;
}

/** Limits of a text: what it must match, and what of that it must not. */
export interface TextLimits extends TextPattern {
  readonly not?: readonly TextPattern[];
}

interface About {
  /** One line for people: hover text in an editor. */
  readonly about?: string;
}

export type Rule = About &
  (
    | { readonly kind: "text"; readonly limits?: TextLimits }
    | { readonly kind: "integer"; readonly min: number; readonly max: number }
    /** One of a few numbers. */
    | { readonly kind: "step"; readonly of: readonly number[] }
    | { readonly kind: "boolean" }
    | { readonly kind: "choice"; readonly of: readonly string[] }
    | { readonly kind: "list"; readonly items: Rule; readonly min?: number; readonly unique?: boolean }
    /** A value, or a list of such values. */
    | { readonly kind: "one-or-list"; readonly items: Rule }
    | ObjectRule
    /** Any names, values of one kind. */
    | { readonly kind: "map"; readonly names: TextLimits; readonly values: Rule }
    /** An object in a platform's own shape. */
    | { readonly kind: "foreign"; readonly required?: string }
  );

/** Known keys; others are mistakes. */
export interface ObjectRule extends About {
  readonly kind: "object";
  readonly keys: Readonly<Record<string, Rule>>;
  readonly required?: readonly string[];
}
