/** The execution role: app and stage in, one role with one inline policy out. It may write the stage's own logs and what hosting.json allows. */
import {
  CreateRoleCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  PutRolePolicyCommand,
  UpdateAssumeRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { createHash } from "node:crypto";
import type { Clock } from "../clock.ts";
import type { DeployedPart, Part } from "../platform.ts";
import type { Clients } from "./clients.ts";
import { isOurs, type Owner, ownerTags, stageName } from "./names.ts";
import { isConflict, isMissing, isPassing, retrying } from "./retry.ts";

/** A role as it is. */
export interface Role {
  readonly arn: string;
  /** JSON. */
  readonly trust: string;
  /** JSON; missing when it was not written yet. */
  readonly policy: string | undefined;
  /** Epoch ms. */
  readonly created: number;
}

const policyName = "portico";
const trust = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
});

/** One log group for all functions of a stage. */
export const logGroup = ({ app, stage }: Owner): string => `/portico/${app}/${stage}`;

/** The role's inline policy, as JSON. */
export function policyOf(owner: Owner, statements: readonly unknown[]): string {
  const Resource = `arn:aws:logs:*:*:log-group:${logGroup(owner)}:*`;
  const logs = { Effect: "Allow", Action: ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], Resource };
  return JSON.stringify({ Version: "2012-10-17", Statement: [logs, ...statements] });
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
export const rolePart = (owner: Owner): Part => ({ kind: "role", name: stageName(owner), key: hash(trust) });

/** The role, or nothing, or that it belongs to somebody else. */
export async function findRole({ iam }: Clients, owner: Owner): Promise<Role | "taken" | undefined> {
  const RoleName = stageName(owner);
  try {
    const { Role: role } = await iam.send(new GetRoleCommand({ RoleName }));
    const tags = Object.fromEntries(role?.Tags?.map(({ Key = "", Value = "" }) => [Key, Value]) ?? []);
    if (!role?.Arn || !isOurs(owner, tags)) return "taken";
    const policy = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName: policyName })).catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    // IAM hands documents over percent-encoded (RFC 3986).
    const read = (text: string): string => (text.startsWith("%") ? decodeURIComponent(text) : text);
    const document = policy?.PolicyDocument;
    return {
      arn: role.Arn,
      trust: read(role.AssumeRolePolicyDocument ?? ""),
      policy: document === undefined ? undefined : read(document),
      created: role.CreateDate?.getTime() ?? 0,
    };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** The role and its permissions as parts of what is deployed. */
export function deployedRole(owner: Owner, role: Role): readonly DeployedPart[] {
  const name = stageName(owner);
  const permission = role.policy && {
    kind: "permission" as const,
    name: `role ${name}`,
    key: hash(JSON.stringify(role.policy)),
    items: statementTexts(role.policy),
  };
  return [{ kind: "role", name, key: hash(role.trust) }, ...(permission ? [permission] : [])];
}

/** Makes the role or brings it in step. Throws when the name is somebody else's. */
export async function ensureRole(clients: Clients, clock: Clock, owner: Owner, policy: string): Promise<Role> {
  const RoleName = stageName(owner);
  const { iam } = clients;
  const role = await retrying(
    { clock },
    (error) => isConflict(error) || isPassing(error),
    async () => {
      const found = await findRole(clients, owner);
      if (found === "taken") throw new Error(`the role ${RoleName} belongs to another app`);
      if (found) return found;
      const Tags = Object.entries(ownerTags(owner)).map(([Key, Value]) => ({ Key, Value }));
      const made = await iam.send(
        new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust, Description: `Portico: functions of ${RoleName}`, Tags }),
      );
      return { arn: made.Role?.Arn ?? "", trust, policy: undefined, created: clock.now() };
    },
  );
  if (role.trust !== trust) await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: trust }));
  if (role.policy !== policy) await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: policyName, PolicyDocument: policy }));
  return { ...role, trust, policy };
}
