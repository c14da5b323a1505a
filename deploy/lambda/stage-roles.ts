/** The roles of a stage: those that are there, as parts of the present state, and the removal of unused ones. */
import { inParallel } from "../parallel.ts";
import { type DeployedPart, digest, type Owner } from "../parts.ts";
import type { DesiredState, Live, Release, Removed } from "../platform.ts";
import type { ReleaseRecord } from "../record.ts";
import type { Clients } from "./clients.ts";
import { stageName } from "./names.ts";
import { deleteRole, deployedRole, findRole, listRoles, type NeededRole, type Role, roleLabel } from "./role.ts";

/** What was found when the stage was looked at. */
export interface FoundRoles {
  /** Of the needed ones, those that are there, by name. */
  readonly needed: ReadonlyMap<string, Role | "taken">;
  /** Names of all of the stage's roles. */
  readonly all: readonly string[];
}

/** One round of calls. @param needed of the next release; when absent, the stage's one role of earlier days is found */
export async function findRoles(
  clients: Clients,
  owner: Owner,
  needed: readonly NeededRole[] | undefined,
): Promise<FoundRoles> {
  const names = needed ? [...new Set(needed.map(({ name }) => name))] : [stageName(owner)];
  const [listed, ...found] = await Promise.all([
    listRoles(clients, owner),
    ...names.map((name) => findRole(clients, owner, name)),
  ]);
  const roles = names.flatMap((name, at) => (found[at] ? [[name, found[at]] as const] : []));
  const ours = roles.flatMap(([name, role]) => (role === "taken" ? [] : [name]));
  return { needed: new Map(needed ? roles : []), all: [...new Set([...listed, ...ours])].toSorted() };
}

/** Roles as parts: those that the next release needs, those of the live one, and without a build all. */
export function rolesAsParts(
  { needed, all }: FoundRoles,
  live: ReleaseRecord | undefined,
  hasBuild: boolean,
): readonly DeployedPart[] {
  const found = [...needed].flatMap(([name, role]) => (role === "taken" ? [] : deployedRole(name, role)));
  const known = new Set(needed.keys());
  const recorded = recordedRoles(live).filter((name) => !known.has(name));
  const others = hasBuild ? recorded : [...new Set([...recorded, ...all])];
  return [...found, ...others.map((name) => ({ kind: "role" as const, name, key: live?.parts[`role ${name}`] ?? "" }))];
}

/** Names that the next release wants and somebody else has. */
export const takenRoles = ({ needed }: FoundRoles): readonly { readonly kind: "role"; readonly name: string }[] =>
  [...needed].flatMap(([name, role]) => (role === "taken" ? [{ kind: "role" as const, name }] : []));

/** Without the ARN of one that hosting.json names. */
const recordedRoles = (record: ReleaseRecord | undefined): readonly string[] =>
  Object.keys(record?.parts ?? {}).flatMap((name) => /^role ([^:]+)$/.exec(name)?.[1] ?? []);

/**
 * What the functions of each wanted role may do now, beside the parts that are there: so the plan of a new role says
 * what is permitted more, and no more than that.
 */
export function presentPermissions(
  { parts }: DesiredState,
  deployed: readonly DeployedPart[],
  live: Live | undefined,
): readonly DeployedPart[] {
  const record = live?.record;
  const there = new Set(deployed.filter(({ kind }) => kind === "permission").map(({ name }) => name));
  return parts.flatMap((part): readonly DeployedPart[] => {
    const { kind, name } = part;
    if (kind === "role" && part.key === "given") return [{ kind, name, key: part.key }];
    if (kind !== "permission" || !name.startsWith("role ") || there.has(name)) return [];
    const role = name.slice("role ".length);
    const recorded = record?.parts[name];
    // With --only, of functions that stay as they are live.
    if (recorded !== undefined && recorded === part.key) return [{ ...part, key: recorded }];
    const items = earlierItems(role, parts, record);
    return items.length ? [{ kind, name, key: digest(items), items }] : [];
  });
}

/** What all functions of a role were allowed before; nothing for a role of functions that are new. */
function earlierItems(
  role: string,
  parts: DesiredState["parts"],
  record: ReleaseRecord | undefined,
): readonly string[] {
  const roleOf = (facts: DesiredState["parts"][number]["facts"]): string =>
    facts?.find(({ label }) => label === roleLabel)?.value ?? "";
  const users = parts.filter(({ kind, facts }) => kind === "function" && roleOf(facts) === role);
  const before = users.flatMap(({ name }) => record?.functions.filter((fn) => fn.function === name) ?? []);
  const [first = [], ...others] = before.map(({ facts }) => record?.roles?.[roleOf(facts)] ?? []);
  return first.filter((item) => others.every((items) => items.includes(item)));
}

/** The roles, and the releases that are kept. */
export interface RoleCollection {
  readonly clients: Clients;
  readonly owner: Owner;
  /** Names of the stage's roles that were seen or made. */
  readonly roles: readonly string[];
  readonly keep: readonly Release[];
  /** Records that go. */
  readonly goes: readonly ReleaseRecord[];
  readonly requireLease: () => void;
}

/** Deletes roles that no kept release uses, the one that earlier Porticos made for all of a stage's releases too. */
export async function removeUnusedRoles(input: RoleCollection): Promise<readonly Removed[]> {
  const { clients, owner, roles, keep, goes, requireLease } = input;
  const needed = new Set(keep.flatMap(({ record }) => recordedRoles(record)));
  const unused = new Set([...roles, ...goes.flatMap(recordedRoles)].filter((name) => !needed.has(name)));
  const removed = await inParallel([...unused], 8, async (name): Promise<readonly Removed[]> => {
    requireLease();
    return (await deleteRole(clients, owner, name)) ? [{ kind: "role", name }] : [];
  });
  return removed.flat();
}
