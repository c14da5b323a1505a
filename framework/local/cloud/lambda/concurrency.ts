/** PutFunctionConcurrency, GetFunctionConcurrency, DeleteFunctionConcurrency and GetAccountSettings: who may run how often at once. */
import type { Operation } from "../operation.ts";
import type { FunctionRecord } from "../records.ts";
import type { Region } from "../region.ts";
import { findFunction, refOf } from "./find-function.ts";
import { invalid, lambdaMembers, violation } from "./refusals.ts";

/** Of a Region, and what must stay for functions that reserve nothing (quotas page). */
const maxConcurrency = 1000;
const minUnreserved = 100;
/** Bytes: of all code of a Region (300 GB), and of a function's unzipped and directly uploaded code. */
const limits = { TotalCodeSize: 322_122_547_200, CodeSizeUnzipped: 262_144_000, CodeSizeZipped: 52_428_800 };

function unreserved({ state }: Region, without?: string): number {
  const reserved = state.functions.all().reduce((sum, { name, concurrency = 0 }) => sum + (name === without ? 0 : concurrency), 0);
  return maxConcurrency - reserved;
}

function functionOf(...[call, region]: Parameters<Operation>): FunctionRecord {
  return findFunction({ ...refOf(call), qualifier: undefined }, region).record;
}

export const putFunctionConcurrency: Operation = (call, region) => {
  const record = functionOf(call, region);
  const members = lambdaMembers(call.members);
  const concurrency = members.integer("ReservedConcurrentExecutions", 0, Number.MAX_SAFE_INTEGER);
  members.end();
  if (concurrency === undefined) throw violation("ReservedConcurrentExecutions", null, "Member must not be null");
  if (unreserved(region, record.name) - concurrency < minUnreserved) {
    throw invalid(
      `Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [${minUnreserved}].`,
    );
  }
  region.state.functions.put(record.name, { ...record, concurrency });
  return { status: 200, body: { ReservedConcurrentExecutions: concurrency } };
};

export const getFunctionConcurrency: Operation = (call, region) => ({
  status: 200,
  body: { ReservedConcurrentExecutions: functionOf(call, region).concurrency },
});

export const deleteFunctionConcurrency: Operation = (call, region) => {
  const { concurrency: _, ...record } = functionOf(call, region);
  region.state.functions.put(record.name, record);
  return { status: 204 };
};

export const getAccountSettings: Operation = (_, region) => {
  const functions = region.state.functions.all();
  const size = functions.flatMap(({ latest, versions }) => [latest, ...versions]).reduce((sum, { codeSize }) => sum + codeSize, 0);
  return {
    status: 200,
    body: {
      AccountLimit: { ...limits, ConcurrentExecutions: maxConcurrency, UnreservedConcurrentExecutions: unreserved(region) },
      AccountUsage: { TotalCodeSize: size, FunctionCount: functions.length },
    },
  };
};
