/** Sessions as browsers have them: cookies, lifetimes, keys, revocation, flash, and what is refused. */
// @module-tag isolated
import { sealData } from "iron-session";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Handler, HttpError, redirect } from "portico";
import {
  csrf,
  currentUser,
  flash,
  login,
  logout,
  nextPath,
  requireUser,
  revokeAll,
  session,
  type SessionError,
} from "portico/session";
import { createCall } from "../../../framework/node/testing.ts";
import { withMiddleware } from "../../../framework/runtime/middleware.ts";
import { createApp, firstKey, secondKey } from "./session-app.ts";

const text = (value: unknown): Response => new Response(JSON.stringify(value) ?? "undefined");

/** An account with a random id for each test, since they share the store in memory. */
let id = "";
const routes: Readonly<Record<string, Handler>> = {
  "/who": (_, context) => text(currentUser(context)?.id),
  "/account": (_, context) => text(requireUser(context).id),
  "/login": (request, context) => login(context, { id, name: "n" }, redirect(nextPath(request, "/account"))),
  "/logout": (_, context) => logout(context, redirect("/")),
  "/revoke": async (_, context) => {
    await revokeAll(context, id);
    return redirect("/");
  },
  "/password": async (_, context) => {
    await revokeAll(context, id);
    return login(context, { id, name: "n" }, redirect("/"));
  },
  "/set": (request, context) => {
    const [name, value] = [...new URL(request.url).searchParams][0]!;
    session(context).set(name, value === "" ? undefined : JSON.parse(value));
    return text("set");
  },
  "/get": (request, context) => text(session(context).get(new URL(request.url).searchParams.get("name")!)),
  "/plain": () => text("plain"),
  "/cached": (_, context) => {
    currentUser(context);
    return new Response("", { headers: { "cache-control": "private" } });
  },
  "/public": (request, context) => {
    const { searchParams } = new URL(request.url);
    if (searchParams.has("set")) session(context).set("a", 1);
    return new Response("", { headers: { "cache-control": searchParams.get("for")! } });
  },
  "/flash": (_, context) => {
    flash(context, "Saved");
    return redirect("/messages");
  },
  "/messages": (_, context) => text(flash(context)),
  "/fails": (_, context) => {
    session(context).set("a", 1);
    throw new HttpError(503, "later");
  },
};

const app = createApp(routes);
const post = { method: "POST" } as const;
const minute = 60_000;

beforeEach(() => {
  id = crypto.randomUUID();
  vi.useFakeTimers({ toFake: ["Date"] });
});
afterEach(() => void vi.useRealTimers());

const passes = (milliseconds: number): void => void vi.setSystemTime(Date.now() + milliseconds);

/** A browser that is signed in. */
async function signedIn(of = app) {
  const browser = of.browse();
  await browser.visit("/login", post);
  return browser;
}

describe("login and logout", () => {
  it("signs in, guards, and signs out", async () => {
    const browser = app.browse();
    const refused = await browser.visit("/account?a=1");
    expect([refused.status, refused.headers.get("location")]).toEqual([303, "/login?next=%2Faccount%3Fa%3D1"]);
    const entered = await browser.visit("/login?next=/account?a=1", post);
    expect([entered.status, entered.headers.get("location")]).toEqual([303, "/account?a=1"]);
    expect(await browser.read("/account")).toBe(JSON.stringify(id));
    const left = await browser.visit("/logout", post);
    expect(left.headers.getSetCookie()).toEqual(["session=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax"]);
    expect(await browser.read("/who")).toBe("undefined");
  });

  it("answers 401 to other clients than browsers, and leads a form to the login without a way back", async () => {
    const api = await app.browse().visit("/account", { headers: { accept: "*/*" } });
    expect([api.status, await api.json()]).toEqual([401, { error: "Sign in first" }]);
    expect((await app.browse().visit("/account", post)).headers.get("location")).toBe("/login");
    const elsewhere = createApp(routes, { login: "/enter" });
    expect((await elsewhere.browse().visit("/account")).headers.get("location")).toBe("/enter?next=%2Faccount");
  });

  it("a session of a visitor has another cookie and id after the login, and keeps its data", async () => {
    const browser = app.browse();
    await browser.visit("/set?cart=[1]");
    const before = browser.cookie;
    await browser.visit("/login", post);
    expect(browser.cookie).not.toBe(before);
    expect(await browser.read("/get?name=cart")).toBe("[1]");
    // A cookie that somebody else planted stays a visitor's.
    expect(await app.browse(before).read("/who")).toBe("undefined");
  });

  it("another user does not find the data of the one before", async () => {
    const browser = await signedIn();
    await browser.visit("/set?cart=[1]");
    id = crypto.randomUUID();
    await browser.visit("/login", post);
    expect(await browser.read("/get?name=cart")).toBe("undefined");
  });

  it("two tabs: the last login counts, and a logout in one is one in both", async () => {
    const browser = await signedIn();
    const [one, two] = [app.browse(browser.cookie), app.browse(browser.cookie)];
    await one.visit("/logout", post);
    expect(await two.read("/who")).toBe("undefined");
    await two.visit("/login", post);
    expect(await app.browse(two.cookie).read("/who")).toBe(JSON.stringify(id));
  });

  it.each([
    "//evil.example",
    "/\\evil.example",
    "/\t/evil.example",
    "https://evil.example/a",
    "/.//evil.example",
    "/a/..//evil.example",
    "javascript:alert(1)",
    "evil",
    "",
  ])("leads to no other site: %j", async (next) => {
    const browser = app.browse();
    const answer = await browser.visit(`/login?${new URLSearchParams({ next })}`, post);
    expect(answer.headers.get("location")).toBe("/account");
  });

  it.each(["/a?b=c#d", "/", "/안녕"])("leads to a path of the app: %j", (next) => {
    const request = new Request(`http://localhost/login?${new URLSearchParams({ next })}`);
    expect(decodeURI(nextPath(request))).toBe(next);
  });
});

describe("the cookie", () => {
  it("is a session's own over plain HTTP to this machine, and __Host- with Secure over HTTPS", async () => {
    for (const origin of ["http://localhost:3000", "http://app.localhost", "http://127.0.0.1", "http://[::1]:1"])
      expect((await createApp(routes, { origin }).browse().visit("/login", post)).headers.get("set-cookie")).toMatch(
        /^session=Fe26\.2\*[^ ;]+; Max-Age=86400; Path=\/; HttpOnly; SameSite=Lax$/,
      );
    const secure = createApp(routes, { origin: "https://example.com" });
    const answer = await secure.browse().visit("/login", post);
    expect(answer.headers.get("set-cookie")).toMatch(
      /^__Host-session=Fe26\.2\*[^ ;]+; Max-Age=86400; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
    );
    // A name that a plain page can set is none over HTTPS.
    const browser = await signedIn(app);
    expect(await secure.browse(browser.cookie).read("/who")).toBe("undefined");
  });

  it("is refused over plain HTTP to another machine", async () => {
    const errors = vi.spyOn(console, "error").mockImplementation(() => {});
    const answer = await createApp(routes, { origin: "http://example.com" }).browse().visit("/login", post);
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([500, []]);
    expect((errors.mock.lastCall![1] as SessionError).code).toBe("SESSION_INSECURE");
    errors.mockRestore();
    const plain = createApp(routes, { origin: "http://example.com" });
    for (const cookie of ["undefined=x", (await signedIn()).cookie])
      expect(await plain.browse(cookie).read("/who")).toBe("undefined");
  });

  it("has no more bytes than browsers keep, and a larger session is an error that changes nothing", async () => {
    const errors = vi.spyOn(console, "error").mockImplementation(() => {});
    const secure = createApp(routes, { origin: "https://example.com", absolute: "9999d", idle: "9999d" });
    const browser = await signedIn(secure);
    const set = (length: number): Promise<Response> => browser.visit(`/set?a="${"x".repeat(length)}"`);
    let most = 2450;
    let line = "";
    for (let answer = await set(most); answer.status === 200; answer = await set(++most))
      line = answer.headers.get("set-cookie")!;
    expect(line.length).toBeLessThanOrEqual(4096);
    expect(line.length).toBeGreaterThan(3900);
    expect((errors.mock.lastCall![1] as SessionError).code).toBe("SESSION_TOO_LARGE");
    expect((await browser.read("/get?name=a")).length).toBe(most - 1 + 2);
    errors.mockRestore();
  });

  it("is sent only where it changed or grew old, and such answers stay in no cache", async () => {
    const browser = await signedIn();
    const plain = await browser.visit("/plain");
    expect([plain.headers.getSetCookie(), plain.headers.get("cache-control")]).toEqual([[], null]);
    const who = await browser.visit("/who");
    expect([who.headers.getSetCookie(), who.headers.get("cache-control")]).toEqual([[], "no-store"]);
    expect((await browser.visit("/cached")).headers.get("cache-control")).toBe("private");
    passes(minute);
    const renewed = await browser.visit("/plain");
    expect([renewed.headers.getSetCookie().length, renewed.headers.get("cache-control")]).toEqual([1, "no-store"]);
    expect((await app.browse().visit("/who")).headers.getSetCookie()).toEqual([]);
  });

  it.each(["public, max-age=3600", "s-maxage=60", "PUBLIC"])(
    "is in no answer that a shared cache keeps: %s",
    async (caching) => {
      const browser = await signedIn();
      passes(minute);
      const kept = await browser.visit(`/public?for=${caching}`);
      expect([kept.headers.getSetCookie(), kept.headers.get("cache-control")]).toEqual([[], caching]);
      const changed = await browser.visit(`/public?set&for=${caching}`);
      expect([changed.headers.getSetCookie().length, changed.headers.get("cache-control")]).toEqual([1, "no-store"]);
    },
  );

  it.each(["private, max-age=60", "no-store", "no-cache", "max-age=60"])(
    "is renewed in an answer that is not for all, which no cache keeps then: %s",
    async (caching) => {
      const browser = await signedIn();
      passes(minute);
      const { headers } = await browser.visit(`/public?for=${caching}`);
      expect([headers.getSetCookie().length, headers.get("cache-control")]).toEqual([1, "no-store"]);
    },
  );

  it("keeps nothing of a call that failed", async () => {
    const answer = await app.browse().visit("/fails");
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([503, []]);
  });

  it.each([
    ["tampered", (value: string) => value.replace(/.(?=.{60}$)/, (one) => (one === "A" ? "B" : "A"))],
    ["truncated", (value: string) => value.slice(0, -9)],
    ["without its suffix", (value: string) => value.slice(0, -2)],
    ["with another suffix", (value: string) => value.replace("~2", "~1")],
    ["with two suffixes", (value: string) => `${value}~2`],
    ["over-long", (value: string) => `${"A".repeat(4096)}${value}`],
    ["empty", () => ""],
    ["no seal", () => "a*b*c*d*e*f*g*h~2"],
    ["with the name of a prototype as key", (value: string) => value.replace(/\*\d+\*/, "*constructor*")],
    ["with a broken escape", () => "%E0%A4%A~2"],
  ])("is no session where it is %s", async (_, spoil) => {
    const { cookie } = await signedIn();
    expect(await app.browse(`session=${spoil(cookie.slice("session=".length))}`).read("/who")).toBe("undefined");
  });

  it("is no session where parts of two seals are mixed, or the content is of something else", async () => {
    const [one, two] = [await signedIn(), await signedIn()].map(({ cookie }) => cookie.split("*"));
    const mixed = one!.map((part, index) => (index === 4 ? two![index] : part)).join("*");
    expect(await app.browse(mixed).read("/who")).toBe("undefined");
    const [, keyId = ""] = one!;
    const foreign = await sealData({ login: { user: { id } } }, { password: { [keyId]: firstKey } });
    expect(await app.browse(`session=${foreign}`).read("/who")).toBe("undefined");
  });

  it("is found among others", async () => {
    const { cookie } = await signedIn();
    expect(await app.browse(`xsession=1; a=b;${cookie};c`).read("/who")).toBe(JSON.stringify(id));
  });
});

describe("keys", () => {
  const withKeys = (keys: string) => createApp(routes, { keys });

  it("a new key before the old one signs nobody out, and neither does the removal of the old one", async () => {
    const browser = await signedIn(withKeys(firstKey));
    const both = withKeys(`${secondKey} ${firstKey}`);
    expect(await both.browse(browser.cookie).read("/who")).toBe(JSON.stringify(id));
    passes(minute);
    const renewed = both.browse(browser.cookie);
    await renewed.visit("/who");
    expect(await withKeys(secondKey).browse(renewed.cookie).read("/who")).toBe(JSON.stringify(id));
    expect(await withKeys(secondKey).browse(browser.cookie).read("/who")).toBe("undefined");
    expect(await withKeys(firstKey).browse(renewed.cookie).read("/who")).toBe("undefined");
  });

  it("are hashed once, not for each request", async () => {
    const digest = vi.spyOn(crypto.subtle, "digest");
    const browser = withKeys(`${secondKey} ${firstKey} ${"x".repeat(32)}`).browse();
    for (let visits = 0; visits < 3; visits++) await browser.visit("/set?a=1");
    expect(digest).toHaveBeenCalledTimes(3);
    digest.mockRestore();
  });

  it.each([
    ["", /SESSION_KEYS has no value.*portico secret set SESSION_KEYS=/],
    ["  ", /has no value/],
    ["short", /a key of fewer than 32 characters/],
    [`${firstKey} short`, /a key of fewer than 32 characters/],
  ])("are an error where they are %j", async (keys, message) => {
    const errors = vi.spyOn(console, "error").mockImplementation(() => {});
    const answer = await withKeys(keys).browse().visit("/plain");
    expect([answer.status, await answer.text()]).toEqual([500, expect.not.stringContaining("KEYS")]);
    expect((errors.mock.lastCall![1] as SessionError).message).toMatch(message);
    errors.mockRestore();
  });
});

describe("lifetimes", () => {
  it("a session that is not used ends, and one that is used ends at its absolute time", async () => {
    const short = createApp(routes, { idle: "1h", absolute: "3h" });
    const [idle, used] = [await signedIn(short), await signedIn(short)];
    const copy = used.cookie;
    for (let passed = 0; passed < 170; passed += 10) {
      passes(10 * minute);
      expect(await used.read("/who")).toBe(JSON.stringify(id));
    }
    // Of the two limits the nearer one.
    expect((await used.visit("/set?a=1")).headers.get("set-cookie")).toContain("Max-Age=600;");
    passes(10 * minute);
    for (const cookie of [idle.cookie, copy, used.cookie])
      expect(await short.browse(cookie).read("/who")).toBe("undefined");
  });

  it("a new login begins a new session", async () => {
    const short = createApp(routes, { idle: "1h", absolute: "1h" });
    const browser = await signedIn(short);
    passes(50 * minute);
    await browser.visit("/login", post);
    passes(50 * minute);
    expect(await browser.read("/who")).toBe(JSON.stringify(id));
  });

  it.each(["0s", "1", "1 h", "-1h", "1w"])("%j is none", (idle) => {
    expect(() => session({ idle: idle as "1s" })).toThrow(
      expect.objectContaining({
        code: "SESSION_LIFETIME",
        message: expect.stringContaining(`"${idle}" is no lifetime`) as string,
      }),
    );
  });
});

describe("revocation", () => {
  it("a copy of the cookie ends with the logout, and a late answer does not bring the session back", async () => {
    const browser = await signedIn();
    const copy = browser.cookie;
    passes(minute);
    // The answer to a slow request: its cookie was made before the logout, and arrives after it.
    const late = await app.browse(copy).visit("/who");
    await browser.visit("/logout", post);
    const [renewed = ""] = late.headers.getSetCookie();
    expect(renewed).toMatch(/^session=Fe/);
    for (const cookie of [copy, renewed.split(";")[0]]) expect(await app.browse(cookie).read("/who")).toBe("undefined");
  });

  it("without a store a copy is valid until it ends", async () => {
    const storeless = createApp(routes, { store: undefined as never });
    const browser = await signedIn(storeless);
    const copy = browser.cookie;
    await browser.visit("/logout", post);
    expect(await storeless.browse(copy).read("/who")).toBe(JSON.stringify(id));
    const errors = vi.spyOn(console, "error").mockImplementation(() => {});
    expect((await browser.visit("/revoke", post)).status).toBe(500);
    expect((errors.mock.lastCall![1] as SessionError).code).toBe("SESSION_STORE");
    errors.mockRestore();
  });

  it("revokeAll ends all sessions of a user, and no later login", async () => {
    const [one, two] = [await signedIn(), await signedIn()];
    const own = one.cookie;
    await one.visit("/revoke", post);
    expect(one.cookie).toBe("");
    for (const cookie of [own, two.cookie]) expect(await app.browse(cookie).read("/who")).toBe("undefined");
    // Within the same millisecond.
    const again = await signedIn();
    expect(await again.read("/who")).toBe(JSON.stringify(id));
    await again.visit("/password", post);
    expect(await again.read("/who")).toBe(JSON.stringify(id));
  });

  it("works in a job, which no middleware is around", async () => {
    const { store } = await import("portico/store");
    const browser = await signedIn();
    await revokeAll(createCall(), id, store);
    expect(await browser.read("/who")).toBe("undefined");
  });
});

describe("data and flash", () => {
  it("keeps what JSON keeps, also under names that objects have", async () => {
    const browser = app.browse();
    for (const name of ["a", "__proto__", "constructor"]) {
      expect(await browser.read(`/get?name=${name}`)).toBe("undefined");
      await browser.visit(`/set?${name}={"b":[1,null]}`);
      expect(await browser.read(`/get?name=${name}`)).toBe('{"b":[1,null]}');
    }
    for (const name of ["a", "__proto__", "constructor"]) await browser.visit(`/set?${name}=`);
    expect(browser.cookie).toBe("");
  });

  it("shows a message once", async () => {
    const browser = app.browse();
    await browser.visit("/flash");
    await browser.visit("/flash");
    expect(await browser.read("/messages")).toBe('["Saved","Saved"]');
    expect([await browser.read("/messages"), browser.cookie]).toEqual(["[]", ""]);
  });

  it("says where session() is missing", () => {
    expect(() => currentUser(createCall())).toThrow(/^SESSION_MISSING: .*functions\/_middleware\.ts$/);
  });
});

describe("csrf", () => {
  it("takes requests of siblings that are listed, and of no others", async () => {
    const guard = csrf({ origins: ["https://admin.example.com"] });
    const status = async (headers: Record<string, string>): Promise<number> => {
      const request = new Request("https://example.com/", { method: "POST", headers });
      const handler = withMiddleware(() => new Response(""), guard);
      return (await handler(request, { ...createCall(), params: {}, var: {} })).status;
    };
    const [listed, other] = ["https://admin.example.com", "https://user.example.com"];
    expect(await status({ "sec-fetch-site": "same-site", origin: listed })).toBe(200);
    expect(await status({ "sec-fetch-site": "same-site", origin: other })).toBe(403);
    expect(await status({ "sec-fetch-site": "cross-site", origin: listed })).toBe(403);
    expect(await status({ origin: listed })).toBe(200);
    expect(await status({ origin: other })).toBe(403);
  });

  const status = async (headers: Record<string, string>, of = app, method = "POST"): Promise<number> => {
    const browser = of.browse();
    return (await browser.visit("/plain", { method, headers: { "sec-fetch-site": "", ...headers } })).status;
  };
  const cookie = { cookie: "a=b; session=x" };
  it.each([
    [{ "sec-fetch-site": "same-origin" }, 200],
    [{ "sec-fetch-site": "none" }, 200],
    [{ "sec-fetch-site": "same-site", origin: "http://a.localhost" }, 403],
    [{ "sec-fetch-site": "cross-site", origin: "http://localhost" }, 403],
    [{ "sec-fetch-site": "same-origin", origin: "http://evil.example" }, 200],
    [{ origin: "http://localhost" }, 200],
    [{ origin: "http://localhost:81" }, 403],
    [{ origin: "null" }, 403],
    [{}, 200],
    [cookie, 403],
    [{ cookie: "__Host-session=x" }, 403],
    [{ cookie: "mysession=x" }, 200],
    [{ ...cookie, origin: "http://localhost" }, 200],
  ])("%j is %d", async (headers, expected) => {
    for (const method of ["POST", "PUT", "DELETE", "PATCH", "PURGE"])
      expect(await status(headers as Record<string, string>, app, method)).toBe(expected);
    expect(await status(headers as Record<string, string>, app, "GET")).toBe(200);
  });
});
