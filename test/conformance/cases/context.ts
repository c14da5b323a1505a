/** Cases: what a handler is told, what goes on after an answer, and that no environment remembers anything. */
import { type Case, caseOf, textOf, valuesOf } from "../case.ts";

const fixture = caseOf("fixture");
const reference = caseOf("reference");

interface Told {
  readonly keys: readonly string[];
  readonly requestId: string;
  readonly clientAddress: string | null;
  readonly platform: string;
}

const told = (answer: Parameters<typeof textOf>[0]): Told => JSON.parse(textOf(answer)) as Told;

/** Context, background work, streams. */
export const context: readonly Case[] = [
  fixture("the env is what is declared", "/env", {
    status: 200,
    json: {
      names: ["DATABASE_URL", "DB", "EMPTY", "GREETING", "RATES_KEY", "SESSION_KEY", "SESSION_KEYS"],
      greeting: '안녕 "세계", $HOME = 1',
      empty: "",
      path: null,
      process: { top: '안녕 "세계", $HOME = 1', empty: "", secret: true },
    },
  }),
  fixture("the context is the same everywhere", "/context", {
    status: 200,
    check: (answer) => {
      const { keys, requestId, clientAddress, platform } = told(answer);
      if (keys.join() !== "clientAddress,env,params,platform,requestId,var,waitUntil") throw new Error(keys.join());
      if (!/^[\w=-]{8,}$/.test(requestId)) throw new Error(`request id ${requestId}`);
      if (!/^(lambda|workers|node)$/.test(platform)) throw new Error(`platform ${platform}`);
      if (clientAddress !== null && !/^(127\.0\.0\.1|::1|::ffff:127\.0\.0\.1)$/.test(clientAddress))
        throw new Error(`client address ${clientAddress}`);
    },
  }),
  {
    name: "every request has an id of its own",
    app: "fixture",
    steps: [0, 1, 2].map(() => ({
      ask: { target: "/context" },
      expect: {
        status: 200,
        check: (answer, { answers }) => {
          const ids = [...answers, answer].map((one) => told(one).requestId);
          if (new Set(ids).size !== ids.length) throw new Error(ids.join());
        },
      },
    })),
  },
  {
    name: "work goes on after the answer",
    app: "fixture",
    steps: [
      { ask: { target: "/wait?key=one" }, expect: { status: 200, json: { done: false } } },
      { ask: { method: "POST", target: "/wait?key=one", body: "" }, expect: { status: 202, body: "accepted" } },
      { ask: { target: "/wait?key=one" }, expect: { status: 200, json: { done: true } }, eventually: true },
    ],
  },
  fixture("work that is no promise", "/odd?what=work+that+is+a+thenable", { status: 200, body: "given" }),
  fixture("a stream with a character cut in two", "/stream", {
    status: 200,
    headers: { "content-type": "text/plain; charset=utf-8" },
    body: "하나 둘 셋",
  }),
  fixture("server-sent events", "/events", {
    status: 200,
    headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
    body: "id: 1\ndata: event 1\n\nid: 2\ndata: event 2\n\nid: 3\ndata: event 3\n\n",
  }),
  {
    name: "a client that disconnects in the middle of a stream",
    app: "fixture",
    steps: [
      { ask: { target: "/leaving?key=one", disconnects: true }, expect: { status: 200, body: /^part\n/ } },
      {
        ask: { target: "/leaving?log=one" },
        expect: { status: 200, json: ["aborted", "cancelled"] },
        eventually: true,
      },
    ],
  },
  reference("a streamed answer", "/stream", {
    status: 200,
    headers: { "content-type": "text/plain; charset=utf-8" },
    body: "line 1 of 5\nline 2 of 5\nline 3 of 5\nline 4 of 5\nline 5 of 5\n",
  }),
  reference("the URL of the request", "/whoami", {
    status: 200,
    check: (answer, { origin }) => {
      const { url } = JSON.parse(textOf(answer)) as { url: string };
      if (url !== `${origin}/whoami`) throw new Error(url);
    },
  }),
  {
    name: "20 visitors at once get their own answers",
    app: "fixture",
    visitors: 20,
    steps: [
      {
        ask: ({ visitor }) => ({
          method: "POST",
          target: `/echo?visitor=${visitor}`,
          body: `body ${visitor}`,
          headers: [["X-Visitor", String(visitor)]],
        }),
        expect: ({ visitor }) => ({
          status: 200,
          check: (answer) => {
            const { query, body, headers } = JSON.parse(textOf(answer)) as {
              query: unknown;
              body: string;
              headers: Record<string, string>;
            };
            const got = JSON.stringify([query, body, headers["x-visitor"]]);
            if (got !== JSON.stringify([[["visitor", `${visitor}`]], `body ${visitor}`, `${visitor}`]))
              throw new Error(got);
          },
        }),
      },
      {
        ask: { target: "/environment" },
        expect: { status: 200, check: (answer) => void valuesOf(answer, "content-type") },
      },
    ],
  },
];
