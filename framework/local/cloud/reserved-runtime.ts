/** A function's reserved concurrency: its record and the region in, the runtime as that function may use it out. */
import type { LambdaOutcome, LambdaRuntime } from "../lambda/outcome.ts";
import type { FunctionRecord } from "./records.ts";
import type { Region } from "./region.ts";

const throttled: LambdaOutcome = {
  payload: Buffer.from(
    JSON.stringify({ Reason: "ReservedFunctionConcurrentInvocationLimitExceeded", Type: "User", message: "Rate Exceeded." }),
  ),
  ...{ cold: false, durationMs: 0, throttled: true },
};

/** Events over what is reserved are throttled; without a reservation it is the region's runtime itself. */
export function reservedRuntime({ name, concurrency }: FunctionRecord, { runtime, running }: Region): LambdaRuntime {
  if (concurrency === undefined) return runtime;
  return {
    async invoke(fn, event, call) {
      const now = running.get(name) ?? 0;
      if (now >= concurrency) return throttled;
      running.set(name, now + 1);
      try {
        return await runtime.invoke(fn, event, call);
      } finally {
        running.set(name, (running.get(name) ?? 1) - 1);
      }
    },
    retire: (id, keep) => runtime.retire(id, keep),
    close: () => runtime.close(),
  };
}
