/** The names of the data that one template reads, and what is known of each from how the template uses it. */
import { aliases } from "./builtins.ts";
import { compileTemplate } from "./compiler.ts";
import { childrenOf, type Expression, type Node } from "./nodes.ts";
import { parseTemplate } from "./parser.ts";

/** Of one template, without its parents and parts. */
export interface DataNames {
  /** Names that it takes from its data, or from what another template binds. */
  readonly read: readonly string[];
  /**
   * Each place where one of them stands, but for branches of a condition, by the blocks around it: a block may be
   * another template's in the end.
   */
  readonly uses: readonly { readonly name: string; readonly blocks: readonly string[] }[];
  /** Names of its blocks. */
  readonly blocks: readonly string[];
  /** Those of them that may be absent: it asks whether they are there, or what they are. */
  readonly tested: readonly string[];
  /** Names that it binds itself somewhere: by set, for, with, macro, import. */
  readonly bound: readonly string[];
  /** Names of the templates that see its data: those that it extends, includes, or imports with context. */
  readonly parts: readonly string[];
}

/** Names of Jinja's own, which no data give. */
const own: ReadonlySet<string> = new Set(["caller", "kwargs", "loop", "self", "super", "varargs"]);

/** Throws TemplateSyntaxError. */
export function dataNames(source: string, file: string): DataNames {
  const locate = () => ({ specifier: "./part", exists: true });
  const { names } = compileTemplate(source, { file, development: false, locate, runtime: (module) => module });
  const body = parseTemplate(source);
  const nodes = all(body);
  const read = names.filter((name) => !own.has(name));
  const tested = nodes.flatMap((node) => conditionsOf(node).flatMap(namesAsked));
  return {
    read,
    uses: usesIn(body, []).filter(({ name }) => read.includes(name)),
    blocks: nodes.flatMap((node) => (node.kind === "block" ? node.name : [])),
    tested: [...new Set(tested)],
    bound: [...new Set(nodes.flatMap(boundBy))],
    parts: [...new Set(nodes.flatMap(partsOf))],
  };
}

const all = (nodes: readonly Node[]): readonly Node[] => nodes.flatMap((node) => [node, ...all(childrenOf(node))]);

/** @param around blocks, from the outermost to the innermost */
const usesIn = (nodes: readonly Node[], around: readonly string[]): DataNames["uses"] =>
  nodes.flatMap((node) => {
    if (node.kind === "name") return node.use === "load" ? [{ name: node.name, blocks: around }] : [];
    if (node.kind === "if" || node.kind === "either") return usesIn([node.test], around);
    return usesIn(childrenOf(node), node.kind === "block" ? [...around, node.name] : around);
  });

/** The expressions of a node of which it matters whether they are true, or there at all. */
function conditionsOf(node: Node): readonly Expression[] {
  if (node.kind === "if" || node.kind === "either") return [node.test];
  if (node.kind === "for") return node.test ? [node.test] : [];
  if (node.kind === "test") return [node.value];
  if (node.kind === "filter")
    return (aliases.get(node.name) ?? node.name) === "default" && node.value ? [node.value] : [];
  if (node.kind === "unary") return node.operator === "not" ? [node.value] : [];
  if (node.kind === "binary") return ["and", "or"].includes(node.operator) ? [node.left, node.right] : [];
  return [];
}

/** Names that may be undefined there: to take something from one is an error all the same. */
function namesAsked(node: Expression): readonly string[] {
  if (node.kind === "name") return [node.name];
  if (node.kind === "compare") return [node.first, ...node.rest.map(([, value]) => value)].flatMap(namesAsked);
  return [];
}

function boundBy(node: Node): readonly string[] {
  if (node.kind === "name") return node.use === "load" ? [] : [node.name];
  if (node.kind === "macro" || node.kind === "import") return [node.name];
  return node.kind === "from" ? node.names.map(([, alias]) => alias) : [];
}

function partsOf(node: Node): readonly string[] {
  if (node.kind !== "extends" && node.kind !== "include" && node.kind !== "import" && node.kind !== "from") return [];
  if (node.kind !== "extends" && !node.withContext) return [];
  const names = node.template.kind === "list" ? node.template.items : [node.template];
  return names.flatMap((name) => (name.kind === "const" ? [String(name.value)] : []));
}
