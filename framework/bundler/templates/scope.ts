/** Where each name of a template comes from in each of its scopes, by the rules of Jinja's compiler (idtracking.py). */
import { type Body, childrenOf, type Node, type Target } from "./nodes.ts";

/** How a variable begins: with a name of the data, with an outer variable, with nothing, or as a parameter. */
export type Load = readonly ["resolve" | "alias", string] | readonly ["undefined" | "param"];

/** Names by the variables of the generated code, those of outer scopes aside. */
export interface Scope {
  readonly level: number;
  readonly parent: Scope | undefined;
  readonly refs: Map<string, string>;
  readonly loads: Map<string, Load>;
  readonly stores: Set<string>;
}

/** An empty scope inside of another one. */
export const createScope = (parent?: Scope): Scope => ({
  level: parent ? parent.level + 1 : 0,
  parent,
  refs: new Map(),
  loads: new Map(),
  stores: new Set(),
});

/** The variable of a name. */
export const refOf = (scope: Scope | undefined, name: string): string | undefined =>
  scope && (scope.refs.get(name) ?? refOf(scope.parent, name));

/** The names that a scope and those around it, but for the outermost one of a file, assign, with their variables. */
export function localsOf(scope: Scope, root: Scope): ReadonlyMap<string, string> {
  const outer = scope.parent ? localsOf(scope.parent, root) : [];
  const own = scope === root ? [] : [...scope.stores].map((name) => [name, scope.refs.get(name)!] as const);
  return new Map([...outer, ...own]);
}

function define(scope: Scope, name: string, load: Load): void {
  const ref = `l_${scope.level}_${name}`;
  scope.refs.set(name, ref);
  scope.loads.set(ref, load);
}

/** Adds a parameter. */
export function declare(scope: Scope, name: string): void {
  scope.stores.add(name);
  define(scope, name, ["param"]);
}

function store(scope: Scope, name: string): void {
  scope.stores.add(name);
  const outer = refOf(scope.parent, name);
  if (!scope.refs.has(name)) define(scope, name, outer === undefined ? ["undefined"] : ["alias", outer]);
}

/** Adds the names of the target of a loop. */
export function declareTarget(scope: Scope, target: Target): void {
  if (target.kind === "name") declare(scope, target.name);
  else for (const item of childrenOf(target)) declareTarget(scope, item as Target);
}

/** Adds the names that nodes use or assign in this scope, and none of the scopes inside. */
export function look(scope: Scope, ...nodes: readonly (Node | undefined)[]): void {
  for (const node of nodes) if (node) lookAt(scope, node);
}

function lookAt(scope: Scope, node: Node): void {
  switch (node.kind) {
    case "name":
      if (node.use === "param") declare(scope, node.name);
      else if (node.use === "store") store(scope, node.name);
      else if (refOf(scope, node.name) === undefined) define(scope, node.name, ["resolve", node.name]);
      return;
    case "if":
      look(scope, node.test);
      return lookAtBranches(scope, [node.body, node.otherwise]);
    case "for":
      return look(scope, node.items);
    case "macro":
      return store(scope, node.name);
    case "import":
      return store(scope, node.name);
    case "from":
      return node.names.forEach(([, alias]) => store(scope, alias));
    case "callBlock":
      return look(scope, node.call);
    case "filterBlock":
      return look(scope, node.filter);
    case "with":
      return look(scope, ...node.values);
    case "capture":
      return look(scope, node.target);
    case "block":
      return;
    default:
      look(scope, ...childrenOf(node));
  }
}

/** What only some branches assign begins with what it is outside. */
function lookAtBranches(scope: Scope, bodies: readonly Body[]): void {
  const branches = bodies.map((body) => {
    const branch = { ...scope, refs: new Map(scope.refs), loads: new Map(scope.loads), stores: new Set(scope.stores) };
    look(branch, ...body);
    return branch;
  });
  const assigned = branches.flatMap(({ stores }) => [...stores].filter((name) => !scope.stores.has(name)));
  for (const { refs, loads, stores } of branches) {
    for (const [name, ref] of refs) scope.refs.set(name, ref);
    for (const [ref, load] of loads) scope.loads.set(ref, load);
    for (const name of stores) scope.stores.add(name);
  }
  for (const name of assigned) {
    if (assigned.filter((other) => other === name).length === branches.length) continue;
    const outer = refOf(scope.parent, name);
    scope.loads.set(scope.refs.get(name)!, outer === undefined ? ["resolve", name] : ["alias", outer]);
  }
}
