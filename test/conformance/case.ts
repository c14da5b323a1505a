/** The types of conformance cases: HTTP requests, and the responses that every runtime must give. */
import type { HttpHeaders } from "../../framework/model/http-message.ts";

/** The app in functions/, the one in test/conformance/app/, or the one in test/apps/conduit/. */
export type AppName = "reference" | "fixture" | "conduit";

/** A request; its target is sent as it is written. */
export interface Ask {
  /** GET when left out. */
  readonly method?: string;
  readonly target: string;
  /** Another origin than the app's: of a cloud's own service, which a page names. */
  readonly to?: string;
  readonly headers?: HttpHeaders;
  readonly body?: string | Uint8Array;
  /** The client disconnects after the first bytes of the response's body. */
  readonly disconnects?: true;
}

/** A full response; nothing is parsed, joined or decoded. */
export interface Answer {
  readonly status: number;
  readonly headers: HttpHeaders;
  readonly bytes: Uint8Array;
}

/** A header's text, its pattern, its values in order (several lines of one name), or null if it must be absent. */
export type HeaderExpectation = string | RegExp | readonly string[] | null;

/** The expected parts of a response; others are not checked. */
export interface Expectation {
  readonly status: number | readonly number[];
  readonly headers?: Readonly<Record<string, HeaderExpectation>>;
  /** Text is compared as UTF-8. */
  readonly body?: string | RegExp | Uint8Array;
  /** The body as JSON. */
  readonly json?: unknown;
  /** Texts that must not be in the response. */
  readonly hides?: readonly string[];
  /** Checks anything else; throws an assertion error. */
  readonly check?: (answer: Answer, story: Story) => void;
}

/** The run of a case so far, for its next step. */
export interface Story {
  /** `http://host:port` as the client writes it. */
  readonly origin: string;
  /** The number of the visitor, from 0. */
  readonly visitor: number;
  readonly answers: readonly Answer[];
}

/** One request and its answer. */
export interface Step {
  readonly ask: Ask | ((story: Story) => Ask);
  readonly expect: Expectation | ((story: Story) => Expectation);
  /** Repeats the request, at most 50 times 20 ms apart, until the response is right: for effects after a response. */
  readonly eventually?: boolean;
}

/** One case; cookies are kept from step to step, as in a browser. */
export interface Case {
  /** Unique. */
  readonly name: string;
  readonly app: AppName;
  readonly steps: readonly Step[];
  /** How many visitors run it at once, each with their own cookies. Default 1. */
  readonly visitors?: number;
  /** Sends the steps to two servers of the app in turn, so that no state in memory can help. */
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
