/**
 * Repeats a create call only after it looked whether a lost attempt had its effect, so that nothing is created twice.
 */
import { retry } from "../retry.ts";
import { isConnectionError, isTransient } from "./cloudflare-error.ts";
import type { Client } from "./client.ts";

/** How often it is made again after the connection broke. */
const connections = 5;

/** @param look finds the result of an attempt whose answer was lost; not called before the first attempt */
export async function idempotentCreate<T>(
  { clock }: Client,
  look: () => Promise<T | undefined>,
  make: () => Promise<T>,
): Promise<T> {
  let isRepeat = false;
  let broken = 0;
  const again = (error: unknown): boolean => isTransient(error) || (isConnectionError(error) && ++broken < connections);
  return retry({ clock }, again, async () => {
    const found = isRepeat ? await look() : undefined;
    isRepeat = true;
    return found ?? make();
  });
}
