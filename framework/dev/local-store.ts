/** The store of an app on Lambda as this process reaches it: in the local table, without credentials. */
import { AwsError } from "../emulation/aws/aws-error.ts";
import type { LocalTable } from "../emulation/dynamodb/local-table.ts";
import type { AwsCallError, SignedCall } from "../features/aws/signed-call.ts";
import type { DeadJobStore } from "../features/jobs/dead-jobs.ts";
import { createDynamoEngine } from "../features/store/dynamodb.ts";
import { createStore } from "../features/store/store.ts";

/** Where the dead jobs of the app are. */
export function deadJobsIn(table: LocalTable): DeadJobStore {
  const call: SignedCall = async <T>(operation: string, input: object) => {
    try {
      // JSON leaves out what is undefined.
      return (await table.call(operation, JSON.parse(JSON.stringify(input)) as Record<string, unknown>)) as T;
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      throw Object.assign(error, { status: 400, body: error.details } satisfies Partial<AwsCallError>);
    }
  };
  const context: DeadJobStore["context"] = { waitUntil: () => {} };
  return { store: createStore((_, namespace) => createDynamoEngine(call, table.name, namespace)), context };
}
