/** Jinja's functions: range, dict, namespace, cycler and joiner. */
import { Namespace } from "./runtime.ts";

/** `range(end)`, `range(start, end)` or `range(start, end, step)`; at most 100,000 numbers. */
export function range(start: number, end?: number, step = 1): readonly number[] {
  const [from, to] = end === undefined ? [0, start] : [start, end];
  const length = Math.max(0, Math.ceil((to - from) / step));
  if (!(length <= 100_000)) throw new RangeError("a range has at most 100,000 numbers");
  return Array.from({ length }, (_, index) => from + index * step);
}

/** One record of all; `__proto__`, which JSON may have, is a key like others. */
export const dict = (...objects: readonly object[]): object =>
  objects.reduce((all, object) => ({ ...all, ...object }), {});

export const namespace = (...objects: readonly object[]): Namespace =>
  Object.setPrototypeOf(dict(...objects), Namespace.prototype) as Namespace;

/** The values one after the other. */
export function cycler(...values: readonly unknown[]) {
  const self = {
    current: values[0],
    next() {
      const { current } = self;
      self.current = values[(position = (position + 1) % values.length)];
      return current;
    },
    reset() {
      self.current = values[(position = 0)];
    },
  };
  let position = 0;
  return self;
}

/** Nothing when it is called first, and the separator from then on. */
export const joiner = (separator = ", "): (() => string) => {
  let isUsed = false;
  return () => (isUsed ? separator : ((isUsed = true), ""));
};
