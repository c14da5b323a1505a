/** Cases: the reference app as a visitor uses it. */
import { type Case, type Step, caseOf, textOf, valuesOf } from "../case.ts";
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

const sign = (text: (visitor: number) => string): Step => ({
  ask: ({ origin, visitor }) =>
    form("/guestbook", origin, new URLSearchParams({ name: `방문자 ${visitor}`, text: text(visitor) }).toString()),
  expect: {
    status: 303,
    headers: { location: "/guestbook", "set-cookie": /^guestbook=.+; Path=\/guestbook; HttpOnly; SameSite=Lax$/ },
  },
});

/** The guestbook shows exactly these texts, in order. */
const shows = (texts: (visitor: number) => readonly string[]): Step => ({
  ask: { target: "/guestbook" },
  expect: ({ visitor }) => ({
    status: 200,
    check: (answer) => {
      const items = [...textOf(answer).matchAll(/<li><strong>(.*?)<\/strong> (.*?)<\/li>/g)].map(
        ([, name, text]) => `${name}: ${text}`,
      );
      const expected = texts(visitor).map((text) => `방문자 ${visitor}: ${text}`);
      if (JSON.stringify(items) !== JSON.stringify(expected))
        throw new Error(`${JSON.stringify(items)}, not ${JSON.stringify(expected)}`);
    },
  }),
});

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
    name: "the guestbook keeps what a visitor wrote, and clears it",
    app: "reference",
    steps: [
      shows(() => []),
      sign(() => "처음"),
      shows(() => ["처음"]),
      sign(() => '<b>둘</b> & "셋"'),
      shows(() => ["처음", "&lt;b&gt;둘&lt;/b&gt; &amp; &quot;셋&quot;"]),
      {
        ask: ({ origin }) => form("/guestbook/clear", origin, ""),
        expect: { status: 303, headers: { location: "/guestbook" } },
      },
      shows(() => []),
    ],
  },
  {
    name: "the guestbook's cookie stays below 4,096 bytes",
    app: "reference",
    steps: [
      ...Array.from({ length: 6 }, () => sign(() => "가".repeat(100))),
      {
        ask: ({ origin }) => form("/guestbook", origin, new URLSearchParams({ name: "last", text: "끝" }).toString()),
        expect: {
          status: 303,
          check: (answer) => {
            const [pair = ""] = valuesOf(answer, "set-cookie").join().split(";");
            if (pair.length > 4096 || pair.length < 2000) throw new Error(`${pair.length} bytes`);
          },
        },
      },
      { ask: { target: "/guestbook" }, expect: { status: 200, body: /끝/ } },
    ],
  },
  {
    name: "the guestbook refuses an empty entry",
    app: "reference",
    steps: [
      {
        ask: ({ origin }) => form("/guestbook", origin, "name=+&text="),
        expect: { status: 400, headers: { "set-cookie": null }, body: /A name and a short text, please\./ },
      },
    ],
  },
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
  reference(
    "the guestbook ignores a forged cookie",
    {
      target: "/guestbook",
      headers: [["Cookie", `guestbook=${encodeURIComponent(`[{"name":"x","text":"forged"}].${"A".repeat(43)}=`)}`]],
    },
    {
      status: 200,
      check: (answer) => {
        if (textOf(answer).includes("forged")) throw new Error("a forged entry is shown");
      },
    },
  ),
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
    {
      target: "/account",
      headers: [
        ["Cookie", `session=9999999999999.${encodeURIComponent("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")}`],
      ],
    },
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
    name: "20 visitors write at once, each request in another environment, and each sees only their own",
    app: "reference",
    visitors: 20,
    scattered: true,
    steps: [
      sign((visitor) => `글 ${visitor}`),
      shows((visitor) => [`글 ${visitor}`]),
      sign((visitor) => `또 ${visitor}`),
      shows((visitor) => [`글 ${visitor}`, `또 ${visitor}`]),
    ],
  },
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
