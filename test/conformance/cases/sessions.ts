/** Cases: sessions, logins and passwords, in plain handlers below `_middleware` and in a Hono app. */
import { toSetCookie } from "../../../framework/features/session/cookie.ts";
import { type Answer, type Ask, type Case, type Step, textOf, valuesOf } from "../case.ts";
import { sessionKeys } from "../secrets.ts";

/** Users of this run alone. */
const run = crypto.randomUUID();

const get = (target: string, json: unknown, headers?: Ask["headers"]): Step => ({
  ask: { target, ...(headers && { headers }) },
  expect: { status: 200, json },
});

/** As the app's own page sends it. */
const post =
  (target: string): Step["ask"] =>
  ({ origin }) => ({ method: "POST", target, body: "", headers: [["Origin", origin]] });

const sealed =
  /^(?:session|__Host-session)=Fe26\.2\*[^ ;]+; Max-Age=3600; Path=\/; HttpOnly; SameSite=Lax(?:; Secure)?$/;
const removed = /^(?:session|__Host-session)=; Max-Age=0; Path=\/; HttpOnly; SameSite=Lax(?:; Secure)?$/;

const goes = (target: string, location: string, cookie: RegExp | null): Step => ({
  ask: post(target),
  expect: { status: 303, headers: { location, "set-cookie": cookie } },
});

/** The value of the cookie that an answer sets. */
const cookieOf = (answer: Answer | undefined): string =>
  /^[^=]+=([^;]+)/.exec(valuesOf(answer!, "set-cookie")[0] ?? "")?.[1] ?? "";

/** Under both names, since HTTPS has another one. */
const cookie = (value: string): Ask["headers"] => [["Cookie", `a=b; session=${value}; __Host-session=${value}`]];

/** A request with what became of the cookie of the first answer. */
const with1st =
  (target: string, change: (value: string) => string = (value) => value): Step["ask"] =>
  ({ answers }) => ({ target, headers: cookie(change(cookieOf(answers[0])))! });

/** A cookie that somebody with other keys sealed, signed in as "old". */
const sealedBy = async (key: string): Promise<string> => {
  const now = Date.now();
  const content = {
    v: 1,
    start: now,
    seen: now,
    login: { id: "1", user: { id: "old", name: "n" }, generation: 0 },
  } as const;
  const line = await toSetCookie(new Request("http://localhost"), key, { ...content, data: {}, flash: [] }, 1);
  return line.slice("session=".length, line.indexOf(";"));
};
const [byOldKey, byForeignKey] = await Promise.all([sealedBy(sessionKeys[1]), sealedBy(`foreign-${"x".repeat(32)}`)]);

const spoilt: readonly (readonly [title: string, change: (value: string) => string])[] = [
  ["tampered", (value) => value.replace(/.(?=.{60}$)/, (one) => (one === "A" ? "B" : "A"))],
  ["truncated", (value) => value.slice(0, -20)],
  ["without its suffix", (value) => value.replace("~2", "")],
  ["with another suffix", (value) => value.replace("~2", "~1")],
  ["over-long", (value) => value.replace("~2", `${"A".repeat(4096)}~2`)],
  ["sealed by a foreign key", () => byForeignKey],
];

/** secret, hashed with parameters that no new hash has. */
const oldHash = "$scrypt$ln=4,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$8fMVNQRIS3XNsc6gAOqWRDEoI09km9Ol5J49QfkUo8E";

/** @param of the folder of the routes */
const casesOf = (of: string): readonly Case[] => {
  const user = `${of}-${run}`;
  const make = (name: string, steps: readonly Step[]): Case => ({ name: `${of}: ${name}`, app: "fixture", steps });
  return [
    make("login, guard, logout, and the cookie of before", [
      goes(`${of}/in?user=${user}&next=${encodeURIComponent("/a?b=c")}`, "/a?b=c", sealed),
      get(`${of}/who`, user),
      {
        ask: { target: `${of}/guarded` },
        expect: { status: 200, json: user, headers: { "cache-control": "no-store" } },
      },
      goes(`${of}/out`, "/out", removed),
      get(`${of}/who`, null),
      { ask: with1st(`${of}/who`), expect: { status: 200, json: null } },
    ]),
    make("a guard leads browsers to the login, and refuses other clients", [
      {
        ask: { target: `${of}/guarded?a=1`, headers: [["Accept", "text/html,*/*"]] },
        expect: { status: 303, headers: { location: `/enter?next=${encodeURIComponent(`${of}/guarded?a=1`)}` } },
      },
      { ask: { target: `${of}/guarded` }, expect: { status: 401, json: { error: "Sign in first" } } },
      ...["//evil.example", "/\\evil.example", "https://evil.example/", "/.//evil.example"].map((next) =>
        goes(`${of}/in?user=${user}&next=${encodeURIComponent(next)}`, "/fallback", sealed),
      ),
    ]),
    ...spoilt.map(([title, change]) =>
      make(`no session in a cookie that is ${title}`, [
        goes(`${of}/in?user=${user}`, "/fallback", sealed),
        { ask: with1st(`${of}/who`, change), expect: { status: 200, json: null } },
      ]),
    ),
    make("a cookie of an older key is valid, and the next one is of the newer", [
      get(`${of}/who`, "old", cookie(byOldKey)),
      {
        ask: { target: `${of}/set?a=1`, headers: cookie(byOldKey)! },
        expect: {
          status: 200,
          headers: { "set-cookie": sealed },
          check: (answer) => {
            const keyOf = (value: string): string | undefined => value.split("*")[1];
            if (keyOf(cookieOf(answer)) === keyOf(byOldKey)) throw new Error("the cookie is of the older key");
          },
        },
      },
    ]),
    make("data and flash messages of a visitor, who keeps the data at the login", [
      get(`${of}/set?a=${encodeURIComponent("카페")}&__proto__=b`, ["카페", "b"]),
      get(`${of}/get?a&__proto__&constructor`, ["카페", "b", null]),
      { ask: post(`${of}/say`), expect: { status: 303 } },
      goes(`${of}/in?user=${user}`, "/fallback", sealed),
      get(`${of}/said`, ["안녕"]),
      get(`${of}/said`, []),
      get(`${of}/get?a`, ["카페"]),
      // What somebody planted before the login is no login.
      { ask: with1st(`${of}/who`), expect: { status: 200, json: null } },
    ]),
    make("a session that does not fit into a cookie stays as it was", [
      get(`${of}/set?a=1`, ["1"]),
      { ask: { target: `${of}/large` }, expect: { status: 200, json: "SESSION_TOO_LARGE" } },
      get(`${of}/get?a`, ["1"]),
    ]),
    make("the end of all sessions of a user, and a login after it", [
      goes(`${of}/in?user=${user}-all`, "/fallback", sealed),
      goes(`${of}/in?user=${user}-all`, "/fallback", sealed),
      {
        ask: post(`${of}/revoke`),
        expect: { status: 200, json: "revoked", headers: { "set-cookie": removed } },
      },
      { ask: with1st(`${of}/who`), expect: { status: 200, json: null } },
      goes(`${of}/in?user=${user}-all`, "/fallback", sealed),
      get(`${of}/who`, `${user}-all`),
    ]),
    make("attempts to sign in are counted", [
      ...[1, 2].map(() => get(`${of}/attempt?user=${user}`, "open")),
      {
        ask: { target: `${of}/attempt?user=${user}` },
        expect: {
          status: 429,
          headers: { "retry-after": /^[1-9]\d*$/ },
          json: { error: "Too many attempts to sign in" },
        },
      },
      get(`${of}/attempt?user=x${user}`, "open"),
    ]),
    make("forms of other sites", [
      ...[
        ["Sec-Fetch-Site", "cross-site"],
        ["Sec-Fetch-Site", "same-site"],
        ["Origin", "http://evil.example"],
        ["Origin", "null"],
        ["Cookie", "session=x"],
      ].map(([name = "", value = ""]): Step => ({
        ask: { method: "POST", target: `${of}/in?user=${user}`, body: "", headers: [[name, value]] },
        expect: { status: 403, headers: { "set-cookie": null } },
      })),
      ...[[["Sec-Fetch-Site", "same-origin"] as const], [["Sec-Fetch-Site", "none"] as const], []].map(
        (headers): Step => ({
          ask: { method: "POST", target: `${of}/in?user=${user}`, body: "", headers: [...headers, ["Cookie", "a=b"]] },
          expect: { status: 303 },
        }),
      ),
    ]),
  ];
};

/** All. */
export const sessions: readonly Case[] = [
  ...casesOf("/session"),
  ...casesOf("/session-hono"),
  {
    name: "passwords: a hash, right and wrong ones, none, and a hash with other parameters",
    app: "fixture",
    steps: [
      {
        ask: { target: `/session-short/password?old=${encodeURIComponent(oldHash)}` },
        expect: {
          status: 200,
          check: (answer) => {
            const head = "$scrypt$ln=14,r=8,p=5$";
            const expected = JSON.stringify([`${head}…`, {}, null, null, head]);
            if (textOf(answer) !== expected) throw new Error(`${textOf(answer)}, not ${expected}`);
          },
        },
      },
    ],
  },
  {
    name: "a session ends at its absolute time, without a store too",
    app: "fixture",
    steps: [
      {
        ask: { target: "/session-short/in?user=a" },
        expect: { status: 303, headers: { "set-cookie": /; Max-Age=1; / } },
      },
      { ...get("/session-short/who", null), eventually: true },
    ],
  },
];
