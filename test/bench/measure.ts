/** Times two or more ways of doing one thing, interleaved; ratios against the limit of the same run out. */

/** One contender: does its work once and gives the milliseconds it took. */
export type Timed = () => Promise<number>;

/** One JSON line of the bench. */
export interface Measured {
  readonly name: string;
  /** The median over the rounds of contender / limit; below 1 is faster than the limit. */
  readonly ratio: number;
  /** 10th and 90th percentile of the rounds' ratios. */
  readonly spread: readonly [number, number];
  /** Medians in the unit given. */
  readonly value: number;
  readonly limit: number;
  readonly unit: string;
  readonly against: string;
  readonly rounds: number;
  /** What is promised of the ratio, or of value and limit: `>= 0.85`, `<= 20/40`. */
  readonly bar?: string;
}

/** The value at a share of a sorted list, nearest rank. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

/** The one in the middle. */
export const median = (values: readonly number[]): number => percentile(values, 0.5);

const rounded = (value: number): number => Number(value.toPrecision(4));

/** A measurement to come. */
export type What = Pick<Measured, "name" | "against" | "unit" | "rounds" | "bar">;

/** Runs contender and limit alternately, each going first in half of the rounds, after one round that is thrown away. */
export async function compare(what: What, contender: Timed, limit: Timed): Promise<Measured> {
  const pairs: { value: number; limit: number }[] = [];
  for (let round = -1; round < what.rounds; round++) {
    const first = round % 2 ? await contender() : undefined;
    const limitTook = await limit();
    const value = first ?? (await contender());
    if (round >= 0) pairs.push({ value, limit: limitTook });
  }
  const [values, limits] = [pairs.map((pair) => pair.value), pairs.map((pair) => pair.limit)];
  return ratioOf(what, values, limits);
}

/** @param values by round, and `limits` of the same rounds */
export function ratioOf(what: What, values: readonly number[], limits: readonly number[]): Measured {
  const ratios = values.map((value, round) => value / (limits[round] ?? Number.NaN));
  return {
    name: what.name,
    ratio: rounded(median(ratios)),
    spread: [rounded(percentile(ratios, 0.1)), rounded(percentile(ratios, 0.9))],
    value: rounded(median(values)),
    limit: rounded(median(limits)),
    unit: what.unit,
    against: what.against,
    rounds: what.rounds,
    ...(what.bar !== undefined && { bar: what.bar }),
  };
}

/** Milliseconds that some work takes. */
export async function time(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}
