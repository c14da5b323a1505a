/** GetAccountSettings: the limits of the account, and how much of them its functions use. */
import type { RestOperation } from "../rest-operation.ts";

/** From the quotas page. Sizes are bytes: of all code, and of the code of one function unzipped and as uploaded. */
const limits = {
  ConcurrentExecutions: 1000,
  UnreservedConcurrentExecutions: 1000,
  TotalCodeSize: 322_122_547_200,
  CodeSizeUnzipped: 262_144_000,
  CodeSizeZipped: 52_428_800,
};

export const getAccountSettings: RestOperation<"functions"> = (_, { functions }) => {
  const all = functions.all();
  const size = all
    .flatMap(({ latest, versions }) => [latest, ...versions])
    .reduce((sum, { codeSize }) => sum + codeSize, 0);
  return {
    status: 200,
    body: { AccountLimit: limits, AccountUsage: { TotalCodeSize: size, FunctionCount: all.length } },
  };
};
