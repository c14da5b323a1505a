/** Which minutes a clock ticks that is asked now and then: after a pause, and after the machine's clock was changed. */

/** A minute in milliseconds. */
export const minute = 60_000;

/** Minutes that are made up for after a pause, or waited for after the machine's clock was put back. */
const window = 5 * minute;

/**
 * The minutes to tick now, in ascending order. Within five minutes none is left out and none comes twice; after more
 * than that the clock was wrong or nothing ran, and it goes on with the current minute, as cronie does.
 * @param last the minute that was ticked last; undefined at the first time
 * @param now epoch milliseconds
 */
export function minutesToTick(last: number | undefined, now: number): readonly number[] {
  const current = Math.floor(now / minute) * minute;
  if (last === undefined || Math.abs(current - last) > window) return [current];
  return Array.from({ length: Math.max(0, (current - last) / minute) }, (_, index) => last + (index + 1) * minute);
}
