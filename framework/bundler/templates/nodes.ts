/** The syntax tree of a template. Offsets are in UTF-16 units of its source. */

/** Arguments of a call, a filter or a test; `rest` and `namedRest` are those after `*` and `**`. */
export interface Arguments {
  readonly list: readonly Expression[];
  readonly named: readonly (readonly [name: string, value: Expression])[];
  readonly rest?: Expression | undefined;
  readonly namedRest?: Expression | undefined;
}

/** Parameters of a macro or of a call block; the last ones have the defaults. */
export interface Signature {
  readonly params: readonly Name[];
  readonly defaults: readonly Expression[];
}

/** A kind of node with its place and its parts, in the order in which Jinja looks at them. */
type Of<K extends string, Parts> = Readonly<Parts> & { readonly kind: K; readonly at: number };

/** A name that is read, assigned, or a parameter. */
export type Name = Of<"name", { name: string; use: "load" | "store" | "param" }>;

/** What can be assigned: a name, several, or an attribute of a namespace. */
export type Target = Name | Of<"list", { items: readonly Target[] }> | Of<"attribute", { object: Name; name: string }>;

/** A value. */
export type Expression =
  | Name
  | Of<"const", { value: string | number | boolean | null }>
  | Of<"list", { items: readonly Expression[]; isTuple?: boolean }>
  | Of<"dict", { pairs: readonly (readonly [key: Expression, value: Expression])[] }>
  | Of<"get", { object: Expression; key: Expression }>
  | Of<"slice", { object: Expression; bounds: readonly (Expression | undefined)[] }>
  | Of<"call", { callee: Expression; args: Arguments }>
  | Of<"filter", { value?: Expression; name: string; args: Arguments }>
  | Of<"test", { value: Expression; name: string; args: Arguments }>
  | Of<"unary", { operator: string; value: Expression }>
  | Of<"binary", { operator: string; left: Expression; right: Expression }>
  | Of<"compare", { first: Expression; rest: readonly (readonly [operator: string, value: Expression])[] }>
  | Of<"concat", { items: readonly Expression[] }>
  | Of<"either", { test: Expression; value: Expression; otherwise?: Expression | undefined }>;

/** Statements in order. */
export type Body = readonly Statement[];

/** A tag with what it encloses, or text. */
export type Statement =
  | Of<"text", { text: string }>
  | Of<"print", { value: Expression }>
  | Of<"set", { value: Expression; target: Target }>
  | Of<"capture", { target: Target; filter?: Expression | undefined; body: Body }>
  | Of<"for", { target: Target; items: Expression; test?: Expression | undefined; isRecursive: boolean } & Branches>
  | Of<"if", { test: Expression } & Branches>
  | Of<"with", { targets: readonly Target[]; values: readonly Expression[]; body: Body }>
  | Of<"block", { name: string; isScoped: boolean; isRequired: boolean; body: Body }>
  | Of<"extends", { template: Expression }>
  | Of<"include", { template: Expression; isOptional: boolean; withContext: boolean }>
  | Of<"import", { template: Expression; name: string; withContext: boolean }>
  | Of<"from", { template: Expression; names: readonly (readonly [string, string])[]; withContext: boolean }>
  | Of<"macro", { name: string; signature: Signature; body: Body }>
  | Of<"callBlock", { call: Expression & { kind: "call" }; signature: Signature; body: Body }>
  | Of<"filterBlock", { filter: Expression; body: Body }>;

interface Branches {
  readonly body: Body;
  readonly otherwise: Body;
}

/** Any node. */
export type Node = Expression | Statement | Target;

/** The nodes directly inside a value, those in its lists and records included. */
export const childrenOf = (value: unknown): readonly Node[] =>
  typeof value !== "object" || value === null
    ? []
    : Object.values(value).flatMap((part: object | null) =>
        typeof part === "object" && part && "kind" in part ? [part as Node] : childrenOf(part),
      );

/** Whether a name is read inside, blocks apart. */
export const mentions = (nodes: readonly Node[], name: string): boolean =>
  nodes.some(
    (node) =>
      (node.kind === "name" && node.name === name && node.use === "load") ||
      (node.kind !== "block" && mentions(childrenOf(node), name)),
  );

/** Whether a template that it extends is named inside. */
export const containsExtends = (node: Node): boolean =>
  node.kind === "extends" || childrenOf(node).some(containsExtends);

/** Whether a block inside sees the names around it. */
export const containsScopedBlock = (node: Node): boolean =>
  (node.kind === "block" && node.isScoped) || childrenOf(node).some(containsScopedBlock);

/** Whether a name is assigned inside. */
export const assigns = (node: Node, name: string): boolean =>
  (node.kind === "name" && node.name === name && node.use !== "load" && node.use !== "param") ||
  childrenOf(node).some((child) => assigns(child, name));
