/** Cases: the reference app as a visitor uses it. */
import { type Answer, type Case, type Step, caseOf, textOf } from "../case.ts";
import { password } from "../secrets.ts";

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

/** The entries of a page; the owner's has their keys. */
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

const forgedSession = ["Cookie", `session=9999999999999.${encodeURIComponent(`${"A".repeat(43)}=`)}`] as const;

const login =
  (given: string): Step["ask"] =>
  ({ origin }) =>
    form("/login", origin, new URLSearchParams({ password: given }).toString());
const signedIn: Step["expect"] = {
  status: 303,
  headers: { location: "/account", "set-cookie": /^session=[^;]+; Max-Age=3600; Path=\/; HttpOnly; SameSite=Lax$/ },
};

/** The reference app. */
export const app: readonly Case[] = [
  reference("the home page", "/", {
    status: 200,
    headers: { "content-type": "text/html; charset=utf-8" },
    body: new RegExp(
      '^<!doctype html><html lang="en">.*href="/style\\.css".*src="/portico\\.svg".*' +
        '<h1>It runs\\.</h1>.*href="/guestbook"',
      "s",
    ),
  }),
  {
    name: "the guestbook shows what anybody wrote, takes five entries a minute, and lets the owner delete",
    app: "reference",
    steps: [
      { ask: { target: "/guestbook" }, expect: shows() },
      sign(" 처음 ", "하나\r\n둘", signed),
      sign("Ada", '<b>둘</b> & "셋"', signed),
      {
        ask: { target: "/guestbook" },
        expect: shows("Ada: &lt;b&gt;둘&lt;/b&gt; &amp; &quot;셋&quot;", "처음: 하나\n둘"),
      },
      sign("a", "3", signed),
      sign("가".repeat(40), "나".repeat(280), signed),
      sign("c", "5", signed),
      sign("Eve", "6", {
        status: 429,
        headers: { "retry-after": /^\d+$/, "content-type": /^text\/html/ },
        body: /Please wait for \d+ seconds\..*value="Eve".*>6<\/textarea>/s,
      }),
      { ask: login(password), expect: signedIn },
      { ask: { target: "/guestbook" }, expect: { status: 200, body: /<strong>c</ } },
      deletes((page) => entriesOf(page!).find(({ name }) => name === "c")!.key, {
        status: 303,
        headers: { location: "/guestbook" },
      }),
      { ask: { target: "/guestbook" }, expect: { status: 200, body: /가{40}/, hides: ["<strong>c<"] } },
      deletes(() => noKey, { status: 303 }),
      deletes(() => "no key", { status: 400, json: { error: "There is no such entry" } }),
    ],
  },
  {
    name: "the guestbook refuses entries that are empty or too long",
    app: "reference",
    steps: [
      sign(" ", "", { status: 400, body: /<p class="problem">A name and a text, please\.</ }),
      sign("a".repeat(41), "b", { status: 400, body: /<p class="problem">A name has at most 40 characters\.</ }),
      sign("a", "b".repeat(281), { status: 400, body: /<p class="problem">A text has at most 280 characters\.</ }),
    ],
  },
  {
    name: "only the owner deletes entries",
    app: "reference",
    steps: [
      deletes(() => noKey, { status: 401, json: { error: "Only the owner deletes: sign in at /login first" } }),
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
    name: "login, account, panel, logout",
    app: "reference",
    steps: [
      { ask: { target: "/account" }, expect: { status: 303, headers: { location: "/login" } } },
      { ask: { target: "/login" }, expect: { status: 200, body: /<input type="password" name="password"/ } },
      {
        ask: login("wrong"),
        expect: { status: 401, headers: { "set-cookie": null }, body: /That is not the password\./ },
      },
      { ask: login(password), expect: signedIn },
      {
        ask: { target: "/account" },
        expect: { status: 200, headers: { "cache-control": "no-store" }, body: /You are signed in until/ },
      },
      {
        ask: { target: "/panel" },
        expect: { status: 200, headers: { "content-type": "application/json" }, body: /"greeting":"Hello"/ },
      },
      {
        ask: ({ origin }) => form("/logout", origin, ""),
        expect: { status: 303, headers: { location: "/login", "set-cookie": /^session=; Max-Age=0;/ } },
      },
      { ask: { target: "/account" }, expect: { status: 303, headers: { location: "/login" } } },
    ],
  },
  reference("the panel without a session", "/panel", { status: 401, json: { error: "Sign in at /login first" } }),
  reference(
    "a forged session",
    { target: "/account", headers: [forgedSession] },
    { status: 303, headers: { location: "/login" } },
  ),
  reference(
    "login with something that is no form",
    { method: "POST", target: "/login", headers: [["Content-Type", "application/json"]], body: "{}" },
    { status: 400, json: { error: "The body must be a form" } },
  ),
  {
    name: "login refuses the form of another site",
    app: "reference",
    steps: [
      {
        ask: form("/login", "http://evil.example", `password=${password}`),
        expect: { status: 403, headers: { "set-cookie": null } },
      },
    ],
  },
  reference("logging out by a link", "/logout", { status: 405, headers: { "set-cookie": null, allow: /POST/ } }),
  {
    name: "20 visitors sign in at once, each request in another environment",
    app: "reference",
    visitors: 20,
    scattered: true,
    steps: [
      { ask: login(password), expect: signedIn },
      { ask: { target: "/account" }, expect: { status: 200, body: /You are signed in until/ } },
      { ask: { target: "/panel" }, expect: { status: 200 } },
    ],
  },
];
