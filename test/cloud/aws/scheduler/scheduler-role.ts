/** The role of a schedule that sends to any queue, for test files. */
import { CreateRoleCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import type { Lab } from "../../lab.ts";

export const schedulerTrust = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service: "scheduler.amazonaws.com" }, Action: "sts:AssumeRole" }],
});

/** Its ARN. */
export async function makeSchedulerRole({ iam }: Pick<Lab, "iam">): Promise<string> {
  const RoleName = "scheduler";
  await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: schedulerTrust }));
  const Statement = [{ Effect: "Allow", Action: "sqs:SendMessage", Resource: "*" }];
  const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "send", PolicyDocument }));
  return `arn:aws:iam::000000000000:role/${RoleName}`;
}
