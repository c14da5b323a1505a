/** The execution role: app and stage in, one role with one inline policy out. It may write the stage's own logs and what hosting.json allows. */
import {
  CreateRoleCommand,
  DeleteRoleCommand,
  DeleteRolePermissionsBoundaryCommand,
  DeleteRolePolicyCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
  UpdateAssumeRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { createHash } from "node:crypto";
import type { LambdaApp } from "../../framework/model/app.ts";
import { UserError } from "../../framework/model/user-error.ts";
import type { DeployedPart, Part } from "../platform.ts";
import type { Clients } from "./clients.ts";
import { logGroup } from "./log-group.ts";
import { isOurs, type Owner, ownerTags, stageName } from "./names.ts";
import { isConflict, isMissing, retrying } from "./retry.ts";

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

const policyName = "portico";
const trust = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
});

/** What Lambda itself does in a VPC in the role's name (Lambda developer guide, "Giving Lambda functions access to resources in a VPC"). */
const network = {
  Effect: "Allow",
  Action: [
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
  ],
  Resource: "*",
};

/** The role's inline policy, as JSON. */
export function policyOf(owner: Owner, { policies, vpc }: Pick<LambdaApp, "policies" | "vpc">): string {
  const Resource = `arn:aws:logs:*:*:log-group:${logGroup(owner)}:*`;
  const logs = { Effect: "Allow", Action: ["logs:CreateLogStream", "logs:PutLogEvents"], Resource };
  return policyText([logs, ...(vpc ? [network] : []), ...policies]);
}

const policyText = (statements: readonly unknown[]): string => JSON.stringify({ Version: "2012-10-17", Statement: statements });

const statementsOf = (policy: string): readonly unknown[] => [(JSON.parse(policy) as { readonly Statement: unknown }).Statement].flat();

/** What allows all that either allows: while one release follows another, both must be able to work. */
export function unitedPolicy(now: string | undefined, next: string): string {
  if (now === undefined || now === next) return next;
  const statements = [...statementsOf(now), ...statementsOf(next)].map((statement) => JSON.stringify(statement));
  const all = [...new Set(statements)];
  return all.length === statementsOf(now).length ? now : policyText(all.map((statement) => JSON.parse(statement) as unknown));
}

/** Characters of a role's inline policies, white space aside ("IAM and AWS STS quotas"). */
const policyLimit = 10_240;

/** Throws UserError POLICY_SIZE where the policy has no room in the app's role, or not together with the one that the role has now. */
export function refusePolicy({ role }: Pick<LambdaApp, "role">, now: string | undefined, next: string): void {
  if (role !== undefined) return;
  const [alone, together] = [next, unitedPolicy(now, next)].map((text) => text.replace(/\s/g, "").length) as [number, number];
  if (together <= policyLimit) return;
  const policies = `"policies" in hosting.json`;
  if (alone > policyLimit)
    throw new UserError(
      "POLICY_SIZE",
      `the role's policy has ${alone} characters, and IAM takes ${policyLimit}`,
      `shorten ${policies}, or make the role yourself and name it: "role"`,
    );
  throw new UserError(
    "POLICY_SIZE",
    `while one release follows another the role has both policies, which are ${together} characters; IAM takes ${policyLimit}`,
    `take statements out of ${policies} in one deploy, and put the new ones in with the next`,
  );
}

/** The statements of a policy for people: `logs:PutLogEvents on arn:…`. */
export function statementTexts(policy: string): readonly string[] {
  const { Statement } = JSON.parse(policy) as {
    readonly Statement: Readonly<Record<string, unknown>> | readonly Readonly<Record<string, unknown>>[];
  };
  return [Statement].flat().map(({ Effect, Action, NotAction, Resource, NotResource, Condition }) => {
    const words = (value: unknown): string => [value].flat().map(String).join(" + ");
    const action = Action === undefined ? `everything but ${words(NotAction)}` : words(Action);
    const resource = Resource === undefined ? `everything but ${words(NotResource)}` : words(Resource);
    const when = Condition === undefined ? "" : ` when ${JSON.stringify(Condition)}`;
    return `${Effect === "Deny" ? "not " : ""}${action} on ${resource}${when}`;
  });
}

const hash = (text: string): string => createHash("sha256").update(text).digest("hex");

/** The role as a part of a draft. */
export const rolePart = (owner: Owner, { permissionsBoundary = "" }: Pick<LambdaApp, "permissionsBoundary">): Part => ({
  kind: "role",
  name: stageName(owner),
  key: roleKey(trust, permissionsBoundary),
  shared: true,
});

const roleKey = (document: string, boundary: string): string => hash(boundary ? `${document}\n${boundary}` : document);

/** The role, or nothing, or that it belongs to somebody else. */
export async function findRole({ iam }: Clients, owner: Owner): Promise<Role | "taken" | undefined> {
  const RoleName = stageName(owner);
  const orNothing = (error: unknown): undefined => {
    if (isMissing(error)) return undefined;
    throw error;
  };
  const [found, policy] = await Promise.all([
    iam.send(new GetRoleCommand({ RoleName })).catch(orNothing),
    iam.send(new GetRolePolicyCommand({ RoleName, PolicyName: policyName })).catch(orNothing),
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

/** The role and its permissions as parts of what is deployed. */
export function deployedRole(owner: Owner, role: Role): readonly DeployedPart[] {
  const name = stageName(owner);
  const permission = role.policy && {
    kind: "permission" as const,
    name: `role ${name}`,
    key: hash(JSON.stringify(role.policy)),
    items: statementTexts(role.policy),
  };
  return [{ kind: "role", name, key: roleKey(role.trust, role.boundary) }, ...(permission ? [permission] : [])];
}

/** Makes the role or brings it in step; `toPolicy` says what its policy becomes, given the one it has. Throws when the name is somebody else's. */
export async function ensureRole(
  clients: Clients,
  owner: Owner,
  boundary: string | undefined,
  toPolicy: (now: string | undefined) => string,
): Promise<Role> {
  const RoleName = stageName(owner);
  const { iam, clock } = clients;
  const role = await retrying({ clock }, isConflict, async () => {
    const found = await findRole(clients, owner);
    if (found === "taken") throw new Error(`the role ${RoleName} belongs to another app`);
    if (found) return found;
    const Tags = Object.entries(ownerTags(owner)).map(([Key, Value]) => ({ Key, Value }));
    const bounded = boundary === undefined ? {} : { PermissionsBoundary: boundary };
    const about = { RoleName, AssumeRolePolicyDocument: trust, Description: `Portico: functions of ${RoleName}`, Tags, ...bounded };
    const made = await iam.send(new CreateRoleCommand(about));
    return { arn: made.Role?.Arn ?? "", trust, policy: undefined, boundary: boundary ?? "", created: clock.now() };
  });
  const policy = toPolicy(role.policy);
  if (role.trust !== trust) await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: trust }));
  if (role.boundary !== (boundary ?? "")) await bound(clients, RoleName, boundary);
  if (role.policy !== policy) await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: policyName, PolicyDocument: policy }));
  return { ...role, trust, policy, boundary: boundary ?? "" };
}

async function bound({ iam }: Clients, RoleName: string, boundary: string | undefined): Promise<void> {
  if (boundary === undefined) await iam.send(new DeleteRolePermissionsBoundaryCommand({ RoleName }));
  else await iam.send(new PutRolePermissionsBoundaryCommand({ RoleName, PermissionsBoundary: boundary }));
}

/** Removes the role; true when there was one of ours. */
export async function deleteRole(clients: Clients, owner: Owner): Promise<boolean> {
  const RoleName = stageName(owner);
  const found = await findRole(clients, owner);
  if (!found || found === "taken") return false;
  const orNothing = (error: unknown): void => {
    if (!isMissing(error)) throw error;
  };
  await clients.iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: policyName })).catch(orNothing);
  await clients.iam.send(new DeleteRoleCommand({ RoleName })).catch(orNothing);
  return true;
}
