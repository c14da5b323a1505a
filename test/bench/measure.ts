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

const rounded = (value: number): number => Number(value.toPrecision(4));

/** Runs contender and limit alternately, each going first in half of the rounds, after one round that is thrown away. */
export async function compare(
  what: { readonly name: string; readonly against: string; readonly unit: string; readonly rounds: number; readonly bar?: string },
  contender: Timed,
  limit: Timed,
): Promise<Measured> {
  const pairs: { value: number; limit: number }[] = [];
  for (let round = -1; round < what.rounds; round++) {
    const first = round % 2 ? await contender() : undefined;
    const limitTook = await limit();
    const value = first ?? (await contender());
    if (round >= 0) pairs.push({ value, limit: limitTook });
  }
  const ratios = pairs.map((pair) => pair.value / pair.limit);
  return {
    name: what.name,
    ratio: rounded(percentile(ratios, 0.5)),
    spread: [rounded(percentile(ratios, 0.1)), rounded(percentile(ratios, 0.9))],
    value: rounded(
      percentile(
        pairs.map((pair) => pair.value),
        0.5,
      ),
    ),
    limit: rounded(
      percentile(
        pairs.map((pair) => pair.limit),
        0.5,
      ),
    ),
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
