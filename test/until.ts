/** Waits for what no event tells, such as the end of a process: a look at it in, its first true answer awaited. */

/** Milliseconds; a little less than the time limit of a test, which could not say what was waited for. */
const hang = 280_000;

/** @param told what an error says of it. Default the look's source */
export async function until(
  holds: () => boolean | Promise<boolean>,
  told: () => string = () => holds.toString(),
): Promise<void> {
  const end = performance.now() + hang;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`this never came to hold: ${told()}`);
    await new Promise((next) => setTimeout(next, 20));
  }
}
