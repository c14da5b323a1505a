/** The one log group of a stage: created with its retention, read, deleted. */
import {
  CreateLogGroupCommand,
  DeleteLogGroupCommand,
  DescribeLogGroupsCommand,
  PutRetentionPolicyCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import type { DeployedPart, Part, Owner } from "../parts.ts";
import type { Clients } from "./clients.ts";
import { ownerTags } from "./names.ts";
import { isConflict, isMissing } from "./aws-error.ts";

/** `/portico/guestbook/prod`. */
export const logGroup = ({ app, stage }: Owner): string => `/portico/${app}/${stage}`;

/** The log group as a part; its key is how many days lines stay. */
export const logPart = (owner: Owner, days: number): Part => ({
  kind: "logs",
  name: logGroup(owner),
  key: String(days),
  facts: [{ label: "retention", value: `${days} days` }],
  shared: true,
});

/** The log group as it exists; its name alone identifies the owner. */
export async function findLogGroup({ logs }: Clients, owner: Owner): Promise<DeployedPart | undefined> {
  const name = logGroup(owner);
  const { logGroups = [] } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: name }));
  const found = logGroups.find(({ logGroupName }) => logGroupName === name);
  return found && logPart(owner, found.retentionInDays ?? 0);
}

/** Made when there is none; its retention is set when it is another. */
export async function ensureLogGroup(clients: Clients, owner: Owner, days: number): Promise<void> {
  const logGroupName = logGroup(owner);
  const found = await findLogGroup(clients, owner);
  if (found?.key === String(days)) return;
  if (!found) {
    await clients.logs
      .send(new CreateLogGroupCommand({ logGroupName, tags: ownerTags(owner) }))
      .catch((error: unknown) => {
        if (!isConflict(error)) throw error;
      });
  }
  await clients.logs.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays: days }));
}

/** True when there was one. */
export async function deleteLogGroup({ logs }: Clients, owner: Owner): Promise<boolean> {
  try {
    await logs.send(new DeleteLogGroupCommand({ logGroupName: logGroup(owner) }));
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
