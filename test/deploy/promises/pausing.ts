/** A run that stands still: a transport that sends calls up to one, and the rest when it is told to. */
import type { Transport } from "./world.ts";

/** Where it stands still, and how it goes on. */
export interface Pausing {
  readonly transport: Transport;
  /** Resolves with the operation of the call that waits. */
  readonly reached: Promise<string>;
  resume(): void;
}

/** @param at the call, from 1; it and whatever comes after it waits, or with `only` it alone */
export function pausing({ at, only = false }: { readonly at: number; readonly only?: boolean }): Pausing {
  const reached = Promise.withResolvers<string>();
  const going = Promise.withResolvers<void>();
  let calls = 0;
  return {
    reached: reached.promise,
    resume: going.resolve,
    async transport({ operation }, send) {
      calls += 1;
      if (calls === at) reached.resolve(operation);
      if (only ? calls === at : calls >= at) await going.promise;
      return send();
    },
  };
}
