/** A role of functions, named by a hash of what it may: found, made, completed, deleted, and as parts of a release. */
import {
  CreateRoleCommand,
  DeleteRoleCommand,
  DeleteRolePermissionsBoundaryCommand,
  DeleteRolePolicyCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  ListRolesCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
  UpdateAssumeRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { UserError } from "../../framework/model/user-error.ts";
import { type DeployedPart, digest, type Owner, type Part } from "../parts.ts";
import { retry } from "../retry.ts";
import type { Clients } from "./clients.ts";
import { isOurs, ownerTags, type Place, roleName, rolePath, stageName } from "./names.ts";
import { isConflict, undefinedIfMissing } from "./aws-error.ts";
import { statementTexts } from "./policy.ts";

/** A role as functions need it. */
export interface NeededRole {
  readonly name: string;
  /** JSON. */
  readonly trust: string;
  /** JSON. */
  readonly policy: string;
  /** ARN of its permissions boundary, or nothing. */
  readonly boundary: string;
  /** Which of its statements, as text, come from an extension, with the extension's name; absent without any. */
  readonly origins?: Readonly<Record<string, string>>;
}

/** A role as it is. */
export interface Role {
  readonly arn: string;
  /** JSON. */
  readonly trust: string;
  /** JSON; missing when it was not written yet. */
  readonly policy: string | undefined;
  /** ARN of its permissions boundary, or nothing. */
  readonly boundary: string;
  /** Epoch ms. */
  readonly created: number;
}

/** The fact that names a function's role. */
export const roleLabel = "role";

const policyName = "portico";
/** The service that assumes a role: for functions, or for the clock of their jobs. */
type RoleUser = "lambda" | "scheduler";

const trustOf = (service: RoleUser): string =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: `${service}.amazonaws.com` }, Action: "sts:AssumeRole" }],
  });

/** Equal policies have one role, and another policy is another role: so releases do not change each other's. */
export const neededRole = (
  owner: Owner,
  place: Pick<Place, "region">,
  policy: string,
  boundary: string = "",
  user: RoleUser = "lambda",
): NeededRole => {
  const trust = trustOf(user);
  return { name: roleName(owner, place, [trust, policy, boundary]), trust, policy, boundary };
};

/** A role and what it permits, as parts of a desired state. */
export const roleParts = ({ name, trust, policy, boundary, origins }: NeededRole): readonly Part[] => [
  { kind: "role", name, key: roleKey(trust, boundary), shared: true },
  {
    kind: "permission",
    name: `role ${name}`,
    key: digest(policy),
    items: statementTexts(policy),
    ...(origins && { origins }),
    shared: true,
  },
];

/** The same of a role as it is. */
export const deployedRole = (name: string, role: Role): readonly DeployedPart[] => [
  { kind: "role", name, key: roleKey(role.trust, role.boundary) },
  ...(role.policy === undefined
    ? []
    : [
        {
          kind: "permission" as const,
          name: `role ${name}`,
          key: digest(role.policy),
          items: statementTexts(role.policy),
        },
      ]),
];

const roleKey = (document: string, boundary: string): string => digest([document, boundary]);

/** Names of the stage's roles in this region; tags are not in the list ("ListRoles"). */
export async function listRoles({ iam, region }: Clients, owner: Owner): Promise<readonly string[]> {
  const names: string[] = [];
  let Marker: string | undefined;
  do {
    const page = await iam.send(
      new ListRolesCommand({ PathPrefix: rolePath(owner, { region }), ...(Marker !== undefined && { Marker }) }),
    );
    names.push(...(page.Roles ?? []).map(({ RoleName = "" }) => RoleName));
    Marker = page.IsTruncated === true ? page.Marker : undefined;
  } while (Marker !== undefined);
  return names;
}

/** The role, or nothing, or that it belongs to somebody else. Two calls at once. */
export async function findRole({ iam }: Clients, owner: Owner, RoleName: string): Promise<Role | "taken" | undefined> {
  const [found, policy] = await Promise.all([
    iam.send(new GetRoleCommand({ RoleName })).catch(undefinedIfMissing),
    iam.send(new GetRolePolicyCommand({ RoleName, PolicyName: policyName })).catch(undefinedIfMissing),
  ]);
  const role = found?.Role;
  if (!role) return undefined;
  const tags = Object.fromEntries(role.Tags?.map(({ Key = "", Value = "" }) => [Key, Value]) ?? []);
  if (!role.Arn || !isOurs(owner, tags)) return "taken";
  const document = policy?.PolicyDocument;
  return {
    arn: role.Arn,
    trust: decoded(role.AssumeRolePolicyDocument ?? ""),
    policy: document === undefined ? undefined : decoded(document),
    boundary: role.PermissionsBoundary?.PermissionsBoundaryArn ?? "",
    created: role.CreateDate?.getTime() ?? 0,
  };
}

/** IAM hands documents over percent-encoded (RFC 3986). */
const decoded = (text: string): string => (text.startsWith("%") ? decodeURIComponent(text) : text);

/**
 * Makes the role when there is none, and completes one that a run which ended early, or somebody, left otherwise.
 * Throws UserError NAME_TAKEN. @param seen as it was just read
 */
export async function ensureRole(
  clients: Clients,
  owner: Owner,
  needed: NeededRole,
  seen: Role | undefined,
): Promise<Role> {
  const { iam } = clients;
  const { name: RoleName, trust, policy, boundary } = needed;
  const role = seen ?? (await createRole(clients, owner, needed));
  if (role.trust !== trust) await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: trust }));
  if (role.boundary !== boundary) await putBoundary(clients, RoleName, boundary);
  if (role.policy !== policy)
    await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: policyName, PolicyDocument: policy }));
  return { ...role, trust, policy, boundary };
}

function createRole(clients: Clients, owner: Owner, { name: RoleName, trust, boundary }: NeededRole): Promise<Role> {
  const { iam, clock, region } = clients;
  const command = new CreateRoleCommand({
    RoleName,
    Path: rolePath(owner, { region }),
    AssumeRolePolicyDocument: trust,
    Description: `Portico: functions of ${stageName(owner)}`,
    Tags: Object.entries(ownerTags(owner)).map(([Key, Value]) => ({ Key, Value })),
    ...(boundary !== "" && { PermissionsBoundary: boundary }),
  });
  let isRepeat = false;
  return retry({ clock }, isConflict, async () => {
    // It is there when the answer to its creation was lost.
    const found = isRepeat ? await findRole(clients, owner, RoleName) : undefined;
    isRepeat = true;
    if (found === "taken") throw roleTaken(RoleName);
    if (found) return found;
    const made = await iam.send(command);
    return { arn: made.Role?.Arn ?? "", trust, policy: undefined, boundary, created: clock.now() };
  });
}

const roleTaken = (name: string): UserError =>
  new UserError(
    "NAME_TAKEN",
    `the role ${name} exists in the account, and its tags do not name this app and stage`,
    "Remove that role yourself, or rename the app or the stage.",
  );

async function putBoundary({ iam }: Clients, RoleName: string, boundary: string): Promise<void> {
  if (boundary === "") await iam.send(new DeleteRolePermissionsBoundaryCommand({ RoleName }));
  else await iam.send(new PutRolePermissionsBoundaryCommand({ RoleName, PermissionsBoundary: boundary }));
}

/** Removes the role; true when there was one of ours. */
export async function deleteRole(clients: Clients, owner: Owner, RoleName: string): Promise<boolean> {
  const found = await findRole(clients, owner, RoleName);
  if (!found || found === "taken") return false;
  await clients.iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: policyName })).catch(undefinedIfMissing);
  await clients.iam.send(new DeleteRoleCommand({ RoleName })).catch(undefinedIfMissing);
  return true;
}
