/** Cases: the reference app as a visitor uses it. */
import { type Answer, type Case, type Step, caseOf, textOf } from "../case.ts";

const reference = caseOf("reference");
const form = (target: string, origin: string, body: string) => ({
  method: "POST",
  target,
  body,
  headers: [
    ["Content-Type", "application/x-www-form-urlencoded"],
    ["Origin", origin],
  ] as const,
});

const sign = (name: string, text: string, expect: Step["expect"]): Step => ({
  ask: ({ origin }) => form("/guestbook", origin, new URLSearchParams({ name, text }).toString()),
  expect,
});
const signed: Step["expect"] = { status: 303, headers: { location: "/guestbook", "set-cookie": null } };

/** The guestbook's page has exactly these entries, `name: text`, and none is newer than the one before it. */
const shows = (...expected: readonly string[]): Step["expect"] => ({
  status: 200,
  check: (answer) => {
    const entries = entriesOf(answer);
    const found = entries.map(({ name, text }) => `${name}: ${text}`).toSorted();
    if (JSON.stringify(found) !== JSON.stringify(expected.toSorted()))
      throw new Error(`${JSON.stringify(found)}, not ${JSON.stringify(expected)}`);
    const times = entries.map(({ time }) => time);
    if (times.some((time, index) => time > (times[index - 1] ?? time)))
      throw new Error(`in this order: ${times.join()}`);
  },
});

/** The entries of a page; those of whoever is signed in have their keys. */
const entriesOf = (answer: Answer) =>
  textOf(answer)
    .split("<li>")
    .slice(1)
    .map((item) => {
      const part = (pattern: RegExp): string => pattern.exec(item)?.[1] ?? "";
      const [name, text] = [part(/<strong>(.*?)<\/strong>/), part(/<p>([^]*?)<\/p>/)];
      return { name, text, time: part(/ datetime="(.*?)"/), key: part(/ value="(.*?)">Delete</) };
    });

const deletes = (keyOf: (page: Answer | undefined) => string, expect: Step["expect"]): Step => ({
  ask: ({ origin, answers }) =>
    form("/guestbook/delete", origin, new URLSearchParams({ key: keyOf(answers.at(-1)) }).toString()),
  expect,
});

/** The form of a key, and no entry's. */
const noKey = "1234567890123-00000000-0000-4000-8000-000000000000";

const forgedSession = [
  "Cookie",
  `session=Fe26.2*1*${"0".repeat(64)}*${"A".repeat(22)}*${"A".repeat(86)}**${"0".repeat(64)}*${"A".repeat(43)}~2`,
] as const;

const password = "열려라 참깨 & 100%";

const account =
  (path: "/signup" | `/login${string}`, name: string, given = password): Step["ask"] =>
  ({ origin, visitor }) =>
    form(path, origin, new URLSearchParams({ name: `${name}${visitor || ""}`, password: given }).toString());
const signedIn: Step["expect"] = {
  status: 303,
  headers: {
    location: "/account",
    "set-cookie": /^(?:__Host-)?session=[^;]+; Max-Age=86400; Path=\/; HttpOnly; SameSite=Lax(?:; Secure)?$/,
  },
};

const logout = (what: string): Step => ({
  ask: ({ origin }) => form("/logout", origin, `what=${what}`),
  expect: { status: 303, headers: { location: "/login", "set-cookie": /^(?:__Host-)?session=; Max-Age=0;/ } },
});

/** Where a browser without a session is led to. */
const toLogin: Step = {
  ask: { target: "/account", headers: [["Accept", "text/html"]] },
  expect: { status: 303, headers: { location: "/login?next=%2Faccount" } },
};

/** The reference app. */
export const app: readonly Case[] = [
  reference("the home page", "/", {
    status: 200,
    headers: { "content-type": "text/html; charset=utf-8" },
    body: new RegExp(
      '^<!doctype html>\\s*<html lang="en">.*href="/style\\.css".*src="/portico\\.svg".*' +
        '<h1>It runs\\.</h1>.*href="/guestbook"',
      "s",
    ),
  }),
  {
    name: "the guestbook shows what anybody wrote, takes five entries a minute, and lets people delete their own",
    app: "reference",
    steps: [
      { ask: { target: "/guestbook" }, expect: shows() },
      sign(" 처음 ", "하나\r\n둘", signed),
      sign("Ada", '<b>둘</b> & "셋"', signed),
      {
        ask: { target: "/guestbook" },
        expect: shows("Ada: &lt;b&gt;둘&lt;/b&gt; &amp; &quot;셋&quot;", "처음: 하나\n둘"),
      },
      { ask: account("/signup", "Cleo"), expect: signedIn },
      sign("a", "3", signed),
      sign("가".repeat(40), "나".repeat(280), signed),
      sign("c", "5", signed),
      sign("Eve", "6", {
        status: 429,
        headers: { "retry-after": /^\d+$/, "content-type": /^text\/html/ },
        body: /Please wait for \d+ seconds\..*value="Eve".*>6<\/textarea>/s,
      }),
      { ask: { target: "/guestbook" }, expect: { status: 200, body: /<strong>c</ } },
      deletes((page) => entriesOf(page!).find(({ name }) => name === "c")!.key, {
        status: 303,
        headers: { location: "/guestbook" },
      }),
      { ask: { target: "/guestbook" }, expect: { status: 200, body: /가{40}/, hides: ["<strong>c<"] } },
      deletes(() => noKey, { status: 303 }),
      logout(""),
      { ask: account("/signup", "Dora"), expect: signedIn },
      // Another account sees no buttons, and the key of an entry permits nothing.
      {
        ask: { target: "/guestbook" },
        expect: { status: 200, body: /<strong>a</, hides: ["Delete"] },
      },
      {
        ask: ({ origin, answers }) => {
          const key = answers.flatMap((page) => entriesOf(page)).find(({ name, key }) => name === "a" && key)!.key;
          return form("/guestbook/delete", origin, new URLSearchParams({ key }).toString());
        },
        expect: { status: 403, json: { error: "Somebody else wrote it" } },
      },
      deletes(() => "no key", { status: 400, json: { error: "There is no such entry" } }),
    ],
  },
  {
    name: "the guestbook refuses entries that are empty or too long",
    app: "reference",
    steps: [
      sign(" ", "", { status: 400, body: /<p class="problem" role="alert">A name and a text, please\.</ }),
      sign("a".repeat(41), "b", {
        status: 400,
        body: /<p class="problem" role="alert">A name has at most 40 characters\.</,
      }),
      sign("a", "b".repeat(281), {
        status: 400,
        body: /<p class="problem" role="alert">A text has at most 280 characters\.</,
      }),
    ],
  },
  {
    name: "only who is signed in deletes entries",
    app: "reference",
    steps: [
      deletes(() => noKey, { status: 401, json: { error: "Sign in first" } }),
      {
        ask: ({ origin }) => {
          const ask = form("/guestbook/delete", origin, `key=${noKey}`);
          return { ...ask, headers: [...ask.headers, forgedSession] };
        },
        expect: { status: 401 },
      },
      {
        ask: form("/guestbook/delete", "http://evil.example", `key=${noKey}`),
        expect: { status: 403 },
      },
    ],
  },
  ...["", "%00", "1", `${noKey}x`].map((after) =>
    reference(`no page of the guestbook: ${after}`, `/guestbook?after=${after}`, {
      status: 400,
      json: { error: "There is no such page of the guestbook" },
    }),
  ),
  reference(
    "the guestbook's page after its last entry",
    "/guestbook?after=9999999999999-00000000-0000-4000-8000-000000000000",
    {
      status: 200,
      body: /No entries yet\./,
    },
  ),
  reference(
    "the guestbook refuses a body that is no form",
    { method: "POST", target: "/guestbook", headers: [["Content-Type", "application/json"]], body: "{}" },
    {
      status: 400,
      json: { error: "The body must be a form" },
    },
  ),
  {
    name: "the guestbook refuses the form of another site",
    app: "reference",
    steps: [
      {
        ask: form("/guestbook", "http://evil.example", "name=a&text=b"),
        expect: { status: 403, headers: { "set-cookie": null } },
      },
    ],
  },
  {
    name: "sign-up, account, panel, logout, login",
    app: "reference",
    steps: [
      toLogin,
      { ask: { target: "/signup" }, expect: { status: 200, body: /<input type="password" name="password"/ } },
      { ask: account("/signup", "Ada"), expect: signedIn },
      {
        ask: { target: "/account" },
        expect: {
          status: 200,
          headers: { "cache-control": "no-store" },
          body: /Welcome, Ada\..*You are signed in as <strong>Ada</s,
        },
      },
      { ask: { target: "/account" }, expect: { status: 200, hides: ["Welcome"] } },
      {
        ask: { target: "/panel" },
        expect: {
          status: 200,
          headers: { "content-type": "application/json" },
          body: /"greeting":"Hello, Ada"/,
        },
      },
      logout(""),
      toLogin,
      { ask: account("/login", "Ada", "wrong"), expect: { status: 401, body: /do not belong together/ } },
      { ask: account("/login", "Nobody"), expect: { status: 401, headers: { "set-cookie": null } } },
      {
        ask: account("/login?next=%2Fguestbook", " ada "),
        expect: { status: 303, headers: { location: "/guestbook" } },
      },
      { ask: { target: "/account" }, expect: { status: 200, body: /<strong>Ada</ } },
      logout("everywhere"),
      toLogin,
    ],
  },
  {
    name: "sign-ups that are refused",
    app: "reference",
    steps: [
      { ask: account("/signup", "Grace"), expect: signedIn },
      { ask: account("/signup", "GRACE"), expect: { status: 409, body: /This name is taken\./ } },
      { ask: account("/signup", " "), expect: { status: 400, body: /A name has 1 to 40 characters\./ } },
      { ask: account("/signup", "x".repeat(41)), expect: { status: 400, body: /A name has 1 to 40 characters\./ } },
      { ask: account("/signup", "Hedy", "1234567"), expect: { status: 400, body: /at least 8 characters/ } },
      ...["/signup", "/login"].map((target): Step => ({
        ask: form(target, "http://evil.example", new URLSearchParams({ name: "Ida", password }).toString()),
        expect: { status: 403, headers: { "set-cookie": null } },
      })),
    ],
  },
  {
    name: "a deleted account leads to the login, and its name is free again",
    app: "reference",
    steps: [
      { ask: account("/signup", "Joan"), expect: signedIn },
      logout("account"),
      { ask: account("/login", "Joan"), expect: { status: 401 } },
      { ask: account("/signup", "Joan"), expect: signedIn },
    ],
  },
  {
    name: "a session whose account is gone leads to the login",
    app: "reference",
    // The other server has another store, and so another account of this name, or none.
    scattered: true,
    steps: [
      { ask: account("/signup", "Mary"), expect: signedIn },
      {
        ask: { target: "/account" },
        expect: { status: 303, headers: { location: "/login", "set-cookie": /^(?:__Host-)?session=; Max-Age=0;/ } },
      },
    ],
  },
  {
    name: "the guestbook as an API: an entry is written once, and listed with those of the page",
    app: "reference",
    steps: [
      ...[1, 2].map((): Step => ({
        ask: ({ origin }) => ({
          method: "POST",
          target: "/api/entries",
          headers: [
            ["content-type", "application/json"],
            ["idempotency-key", `entry-${origin.length}`],
          ],
          body: '{"name":" Grace ","text":"by the API"}',
        }),
        expect: { status: 201, headers: { location: "/guestbook" }, body: /"name":"Grace"/ },
      })),
      { ask: { target: "/api/entries" }, expect: { status: 200, body: /^(?!.*Grace.*Grace).*"name":"Grace"/s } },
      { ask: { target: "/guestbook" }, expect: { status: 200, body: /<strong>Grace</ } },
    ],
  },
  reference("the API of the guestbook has no page after what is no key", "/api/entries?after=x", {
    status: 422,
    headers: { "content-type": "application/problem+json" },
    json: {
      title: "Unprocessable Content",
      status: 422,
      errors: [{ in: "query", name: "after", detail: "is no key of an entry" }],
    },
  }),
  reference("the panel without a session", "/panel", { status: 401, json: { error: "Sign in first" } }),
  reference(
    "a forged session",
    { target: "/account", headers: [forgedSession] },
    { status: 401, json: { error: "Sign in first" } },
  ),
  reference(
    "a forged session in a browser",
    { target: "/account", headers: [["Accept", "text/html"], forgedSession] },
    { status: 303, headers: { location: "/login?next=%2Faccount", "cache-control": "no-store" } },
  ),
  reference(
    "login with something that is no form",
    { method: "POST", target: "/login", headers: [["Content-Type", "application/json"]], body: "{}" },
    { status: 400, json: { error: "The body must be a form" } },
  ),
  reference("logging out by a link", "/logout", { status: 405, headers: { "set-cookie": null, allow: /POST/ } }),
  {
    name: "visitors sign up at once, each request in another environment",
    app: "reference",
    // No more: passwords are hashed one after the other in workerd's thread.
    visitors: 2,
    scattered: true,
    steps: [
      { ask: account("/signup", "Lin"), expect: signedIn },
      // A server with a store of its own: the session needs nothing of it.
      { ask: { target: "/panel" }, expect: { status: 200, body: /"greeting":"Hello, Lin/ } },
      { ask: { target: "/account" }, expect: { status: 200, body: /You are signed in as <strong>Lin/ } },
    ],
  },
];
