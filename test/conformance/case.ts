/** What a conformance case is: requests as they go over the wire, and what must come back, on every runtime. */
import type { WireHeaders } from "../../framework/model/wire.ts";

/** The app in functions/, or the one in test/conformance/app/. */
export type AppName = "reference" | "fixture";

/** A request. The target goes over the wire as it is written. */
export interface Ask {
  /** GET when left out. */
  readonly method?: string;
  readonly target: string;
  readonly headers?: WireHeaders;
  readonly body?: string | Uint8Array;
}

/** An answer, read whole: nothing parsed, joined or decoded. */
export interface Answer {
  readonly status: number;
  readonly headers: WireHeaders;
  readonly bytes: Uint8Array;
}

/** What a header must be: this text, like this, all these values in order (several lines of one name), or not there. */
export type HeaderExpectation = string | RegExp | readonly string[] | null;

/** What must be true of an answer; what is left out is not looked at. */
export interface Expectation {
  readonly status: number | readonly number[];
  readonly headers?: Readonly<Record<string, HeaderExpectation>>;
  /** Text is compared as UTF-8. */
  readonly body?: string | RegExp | Uint8Array;
  /** The body as JSON. */
  readonly json?: unknown;
  /** Texts that must be nowhere in the answer. */
  readonly hides?: readonly string[];
  /** Anything else; throws when it is wrong. */
  readonly check?: (answer: Answer, story: Story) => void;
}

/** What a step can know of the ones before it. */
export interface Story {
  /** `http://host:port` as the client writes it. */
  readonly origin: string;
  /** Counts from 0 where a story is told by many visitors at once. */
  readonly visitor: number;
  readonly answers: readonly Answer[];
}

/** One request and its answer. */
export interface Step {
  readonly ask: Ask | ((story: Story) => Ask);
  readonly expect: Expectation | ((story: Story) => Expectation);
  /** Asked again, at most 50 times 20 ms apart, until the answer fits: for what happens after an answer. */
  readonly eventually?: boolean;
}

/** One case. Its cookies are kept from step to step, as a browser keeps them. */
export interface Case {
  /** Unique. */
  readonly name: string;
  readonly app: AppName;
  readonly steps: readonly Step[];
  /** How many visitors live through it at the same time, each with cookies of their own; 1 when left out. */
  readonly visitors?: number;
  /** True: each step goes to the other one of two servers of the app, so nothing an environment remembers can help. */
  readonly scattered?: boolean;
}

/** Makes a single-request case of one app. */
export const caseOf =
  (app: AppName) =>
  (name: string, ask: Ask | string, expect: Expectation | ((story: Story) => Expectation)): Case => ({
    name,
    app,
    steps: [{ ask: typeof ask === "string" ? { target: ask } : ask, expect }],
  });

/** All values of a header, in order, by its name in any case. */
export const valuesOf = (answer: Answer, name: string): readonly string[] =>
  answer.headers.filter(([key]) => key.toLowerCase() === name.toLowerCase()).map(([, value]) => value);

/** The body as text. */
export const textOf = (answer: Answer): string => new TextDecoder().decode(answer.bytes);
