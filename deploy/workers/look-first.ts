/** Makes something whose repeat would make a twin: looks whether it is there before it is made again. */
import { retrying } from "../retrying.ts";
import { isBroken, isPassing } from "./cloudflare-error.ts";
import type { Client } from "./client.ts";

/** How often it is made again after the connection broke. */
const connections = 5;

/** @param look finds what an attempt made whose answer was lost; not asked before the first attempt */
export async function lookFirst<T>({ clock }: Client, look: () => Promise<T | undefined>, make: () => Promise<T>): Promise<T> {
  let isRepeat = false;
  let broken = 0;
  const again = (error: unknown): boolean => isPassing(error) || (isBroken(error) && ++broken < connections);
  return retrying({ clock }, again, async () => {
    const found = isRepeat ? await look() : undefined;
    isRepeat = true;
    return found ?? make();
  });
}
