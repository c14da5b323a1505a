/** Lists the functions that are named like an app's and stage's, divided by whether their tags agree. */
import { type FunctionConfiguration, ListTagsCommand, paginateListFunctions } from "@aws-sdk/client-lambda";
import type { Owner } from "../parts.ts";
import { inParallel } from "../parallel.ts";
import type { Clients } from "./clients.ts";
import { functionPrefix, isOurs } from "./names.ts";
import { isMissing } from "./aws-error.ts";

/** Names. */
export interface FoundFunctions {
  readonly ours: readonly string[];
  readonly others: readonly string[];
}

/** Reads all functions of the account, fifty a call. */
export async function findFunctions({ lambda }: Clients, owner: Owner): Promise<FoundFunctions> {
  const named: FunctionConfiguration[] = [];
  for await (const { Functions = [] } of paginateListFunctions({ client: lambda }, {})) {
    named.push(...Functions.filter(({ FunctionName }) => FunctionName?.startsWith(functionPrefix(owner))));
  }
  const tagged = await inParallel(named, 8, async ({ FunctionName = "", FunctionArn }) => {
    const { Tags } = await lambda.send(new ListTagsCommand({ Resource: FunctionArn })).catch((error: unknown) => {
      if (isMissing(error)) return { Tags: undefined };
      throw error;
    });
    return { name: FunctionName, isOurs: isOurs(owner, Tags) };
  });
  return {
    ours: tagged.filter((one) => one.isOurs).map(({ name }) => name),
    others: tagged.filter((one) => !one.isOurs).map(({ name }) => name),
  };
}
