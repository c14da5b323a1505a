/** hosting.json as a syntax tree with positions, for values and for the places of errors. */
import { type Node, type ParseError, parseTree, printParseErrorCode } from "jsonc-parser";
import { codeFrame } from "../model/code-frame.ts";
import { UserError } from "../model/user-error.ts";

/** A node of the syntax tree. */
export type { Node } from "jsonc-parser";

/** A parsed configuration file. */
export interface Document {
  /** Path for messages, relative to the app's root where the file is inside it. */
  readonly file: string;
  readonly text: string;
  readonly tree: Node;
}

/** Comments and trailing commas are fine. Throws UserError CONFIG_SYNTAX. */
export function parseDocument(file: string, source: string): Document {
  const text = source.replace(/^\uFEFF/, " ");
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { allowTrailingComma: true });
  const [first] = errors;
  if (tree && !first) return { file, text, tree };
  const { offset, length } = first ?? { offset: 0, length: 1 };
  const reason = first
    ? printParseErrorCode(first.error).replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    : "it is empty";
  throw new UserError(
    "CONFIG_SYNTAX",
    `invalid JSON: ${reason}`,
    "Correct the JSON; comments and commas at the end of a list are allowed.",
    { at: { file, ...codeFrame(text, offset, length) } },
  );
}

/** The place of a node, for error messages. */
export const placeOf = ({ file, text }: Document, { offset, length }: Node): UserError["at"][number] => ({
  file,
  ...codeFrame(text, offset, length),
});

/** The keys and values of an object's node. */
export const properties = (
  node: Node,
): readonly { readonly key: string; readonly keyNode: Node; readonly value: Node }[] =>
  (node.children ?? []).flatMap(({ children: [keyNode, value] = [] }) =>
    keyNode && value ? [{ key: String(keyNode.value), keyNode, value }] : [],
  );

/** The node of a property's name, from the node of its value; other nodes are their own. */
export const keyNode = (node: Node): Node => (node.parent?.type === "property" ? node.parent.children![0]! : node);

/** The plain value of a node. */
export function valueOf(node: Node): unknown {
  if (node.type === "array") return (node.children ?? []).map(valueOf);
  if (node.type === "object")
    return Object.fromEntries(properties(node).map(({ key, value }) => [key, valueOf(value)]));
  return node.value;
}

/** The deepest existing node on a path of keys and indexes. */
export function nodeAt(node: Node, path: readonly (string | number)[]): Node {
  const [step, ...rest] = path;
  if (step === undefined) return node;
  const next =
    typeof step === "number"
      ? node.children?.[step]
      : node.type === "object"
        ? properties(node).find(({ key }) => key === step)?.value
        : undefined;
  return next ? nodeAt(next, rest) : node;
}
