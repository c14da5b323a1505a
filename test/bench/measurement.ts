/** Interleaved time measurements of two or more contenders, and their ratios to the limit of the same run. */

/** One contender: does its work once and returns the milliseconds taken. */
export type Timed = () => Promise<number>;

/** One JSON line of the bench. */
export interface Measured {
  readonly name: string;
  /** The median over the rounds of contender / limit; below 1 is faster than the limit. */
  readonly ratio: number;
  /** 10th and 90th percentile of the rounds' ratios. */
  readonly spread: readonly [number, number];
  /** Medians in `unit`. */
  readonly value: number;
  readonly limit: number;
  readonly unit: string;
  readonly against: string;
  readonly rounds: number;
  /** The limit of the ratio, or of value and limit: `>= 0.85`, `<= 20/40`. */
  readonly bar?: string;
}

/** The percentile of a sorted list by nearest rank. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

/** The median. */
export const median = (values: readonly number[]): number => percentile(values, 0.5);

const rounded = (value: number): number => Number(value.toPrecision(4));

/** The description of a measurement. */
export type MeasurementSetup = Pick<Measured, "name" | "against" | "unit" | "rounds" | "bar">;

/**
 * Runs contender and limit alternately, each first in half of the rounds. The first round is discarded.
 */
export async function compare(setup: MeasurementSetup, contender: Timed, limit: Timed): Promise<Measured> {
  const pairs: { value: number; limit: number }[] = [];
  for (let round = -1; round < setup.rounds; round++) {
    const first = round % 2 ? await contender() : undefined;
    const limitTook = await limit();
    const value = first ?? (await contender());
    if (round >= 0) pairs.push({ value, limit: limitTook });
  }
  const [values, limits] = [pairs.map((pair) => pair.value), pairs.map((pair) => pair.limit)];
  return ratioOf(setup, values, limits);
}

/** @param values by round, and `limits` of the same rounds */
export function ratioOf(setup: MeasurementSetup, values: readonly number[], limits: readonly number[]): Measured {
  const ratios = values.map((value, round) => value / (limits[round] ?? Number.NaN));
  return {
    name: setup.name,
    ratio: rounded(median(ratios)),
    spread: [rounded(percentile(ratios, 0.1)), rounded(percentile(ratios, 0.9))],
    value: rounded(median(values)),
    limit: rounded(median(limits)),
    unit: setup.unit,
    against: setup.against,
    rounds: setup.rounds,
    ...(setup.bar !== undefined && { bar: setup.bar }),
  };
}

/** A size that is the same in every run, against a limit of its own. @param limit in bytes */
export function byteRow(name: string, bytes: number, limit: number): Measured {
  const ratio = rounded(bytes / limit);
  const setup = { name, unit: "B", against: "a limit", rounds: 1, bar: "<= 1" };
  return { ...setup, ratio, spread: [ratio, ratio], value: bytes, limit };
}

/** The duration of some work in milliseconds. */
export async function time(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}
