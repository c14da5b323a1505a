/** Plans as people read them, compared as text. */
import { describe, expect, test } from "vitest";
import type { DeployedPart, Part, Version } from "../../deploy/parts.ts";
import { isDone, planRelease, planText } from "../../deploy/plan.ts";
import type { Deployed, DesiredState } from "../../deploy/platform.ts";
import { changesText } from "../../deploy/record-creation.ts";

const nothing: Deployed = { parts: [], releases: [], leftovers: [], taken: [], fingerprint: "f", lastNumber: 0 };
const code = (value: string, memory = 128) => [
  { label: "code", value, hidden: true },
  { label: "memory", value: `${memory} MB` },
];
const fn = (name: string, key: string, facts = code(key)): Part => ({
  kind: "function",
  name,
  key,
  facts,
  bytes: 1946,
});
const route = (name: string, key: string): Part => ({ kind: "route", name, key });
const invoke = (...ids: string[]): Part => ({
  kind: "permission",
  name: "api app--dev",
  key: ids.join(),
  items: ids.map((id) => `invoke ${id}`),
});
const draftOf = (hash: string, ...parts: Part[]): DesiredState => ({
  app: "app",
  stage: "dev",
  hash,
  parts,
  functions: [],
  routes: [],
  secrets: {},
  assets: [],
});
const version = (name: string, number: string, key: string): Version => ({
  function: name,
  number,
  ref: `arn:${name}:${number}`,
  key,
});

/** What a clean deploy of a draft leaves. */
function deployedOf({ hash, parts }: DesiredState, number = 1): Deployed {
  const there = parts.map((part): DeployedPart => {
    if (part.kind !== "function") return part;
    const only = version(part.name, "1", part.key);
    return { ...part, version: only, versions: [only] };
  });
  const release = { number, hash, ref: `d${number}` };
  return {
    parts: there,
    releases: [release],
    live: { ...release, url: "http://127.0.0.1:1/" },
    leftovers: [],
    taken: [],
    fingerprint: "f",
    lastNumber: number,
  };
}

const first = draftOf(
  "h1",
  { kind: "role", name: "app--dev", key: "t" },
  { kind: "permission", name: "role app--dev", key: "p", items: ["logs:PutLogEvents on arn:x"] },
  { kind: "api", name: "app--dev", key: "http-api" },
  fn("index", "k1"),
  fn("hello-name", "k2"),
  invoke("hello-name", "index"),
  route("ANY /", "index"),
  route("ANY /hello/{name}", "hello-name"),
);

test("a first deploy makes everything, and what it allows is marked", () => {
  const plan = planRelease(first, nothing);
  expect(planText(plan)).toBe(`app at stage dev: release 1
+ role        app--dev                   new
! permission  role app--dev              may logs:PutLogEvents on arn:x
+ api         app--dev                   new
+ function    index              1.9 KB  new
+ function    hello-name         1.9 KB  new
! permission  api app--dev               may invoke hello-name and invoke index
+ route       ANY /                      to index
+ route       ANY /hello/{name}          to hello-name
+ release     1                          the first`);
  expect(isDone(plan)).toBe(false);
});

test("an unchanged app has nothing to do", () => {
  const plan = planRelease(first, deployedOf(first, 4));
  expect(planText(plan)).toBe(`app at stage dev: release 4
= role        app--dev                        unchanged
= permission  role app--dev and api app--dev  unchanged
= api         app--dev                        unchanged
= function    index and hello-name            unchanged
= route       ANY / and ANY /hello/{name}     unchanged
= release     4                               live`);
  expect(isDone(plan)).toBe(true);
});

test("a change of one route, a new route and a removed one", () => {
  const next = draftOf(
    "h2",
    fn("index", "k9", code("k9", 256)),
    fn("new", "k3"),
    invoke("index", "new"),
    route("ANY /", "index"),
    route("ANY /new", "new"),
  );
  const before = draftOf(
    "h1",
    fn("index", "k1"),
    fn("old", "k2"),
    invoke("index", "old"),
    route("ANY /", "index"),
    route("ANY /old", "old"),
  );
  expect(planText(planRelease(next, deployedOf(before)))).toBe(`app at stage dev: release 2, 1 is live now
~ function    index         1.9 KB  code, memory 128 MB → 256 MB
+ function    new           1.9 KB  new
! permission  api app--dev          may invoke new; may no longer invoke old
= route       ANY /                 unchanged
+ route       ANY /new              to new
- function    old                   no longer in the app; deleted when no kept release needs it
- route       ANY /old              no longer in the app
+ release     2                     after 1`);
});

describe("one function", () => {
  const only = (hash: string, part: Part): DesiredState => draftOf(hash, part);
  const line = (draft: DesiredState, deployed: Deployed): string =>
    planText(planRelease(draft, deployed)).split("\n")[1] ?? "";
  const before = deployedOf(
    only("h1", fn("index", "k1", [...code("c"), { label: "env A", value: "1", hidden: true }])),
  );

  test("env is named and its value is not shown", () => {
    const draft = only(
      "h2",
      fn("index", "k2", [
        ...code("c"),
        { label: "env A", value: "secret?", hidden: true },
        { label: "env B", value: "2", hidden: true },
      ]),
    );
    expect(line(draft, before)).toBe("~ function    index  1.9 KB  env A, env B added");
  });

  test("a removed env", () =>
    expect(line(only("h2", fn("index", "k2", code("c"))), before)).toBe("~ function    index  1.9 KB  env A removed"));

  test("when nothing that may be shown differs, it is the secrets", () => {
    expect(line(only("h2", { ...fn("index", "k2"), facts: before.parts[0]?.facts ?? [] }), before)).toBe(
      "~ function    index  1.9 KB  secrets",
    );
  });

  test("a version that is there already is not uploaded", () => {
    const [part] = before.parts;
    const two: Deployed = {
      ...before,
      parts: [{ ...(part as DeployedPart), versions: [version("index", "1", "k1"), version("index", "2", "k2")] }],
    };
    const plan = planRelease(only("h2", fn("index", "k2")), two);
    expect(planText(plan).split("\n")[1]).toBe("~ function    index  to version 2, which is there already");
    expect(plan.changes[0]).not.toHaveProperty("bytes");
  });

  test("a function without a version is not kept", () => {
    const bare: Deployed = { ...nothing, parts: [{ kind: "function", name: "index", key: "" }] };
    expect(planRelease(only("h", fn("index", "k1")), bare).changes[0]?.action).toBe("update");
  });
});

describe("what dead runs leave", () => {
  test("a candidate address is cleared away without a new release", () => {
    const plan = planRelease(first, {
      ...deployedOf(first, 3),
      leftovers: [{ kind: "stage", name: "candidate-1", reason: "an address" }],
    });
    expect(plan.release).toBe(3);
    expect(plan.changes.filter(({ action }) => action !== "keep")).toEqual([
      { action: "update", kind: "stage", name: "candidate-1", reason: "finish: an address" },
    ]);
  });

  test("a whole release that is not live yet is used", () => {
    const live = deployedOf(draftOf("h0"), 1);
    const plan = planRelease(first, {
      ...deployedOf(first),
      releases: [...live.releases, { number: 2, hash: "h1", ref: "d2" }],
      live: live.live!,
      lastNumber: 2,
    });
    expect(plan.changes.at(-1)).toEqual({
      action: "update",
      kind: "release",
      name: "2",
      reason: "made before, not live now",
    });
    expect(plan.release).toBe(2);
  });

  test("a release that is not the newest is made anew, with the next number", () => {
    const b = deployedOf(first, 3);
    const releases = [{ number: 1, hash: "A", ref: "d1" }, ...b.releases];
    const plan = planRelease({ ...first, hash: "A" }, { ...b, releases });
    expect(plan.changes.at(-1)).toMatchObject({ action: "create", name: "4", reason: "after 3" });
  });

  test("a lookalike is reported and left alone", () => {
    const plan = planRelease(first, {
      ...deployedOf(first),
      taken: [{ kind: "function", name: "app--dev--x-000000" }],
    });
    expect(planText(plan)).toContain("= function    app--dev--x-000000 ");
    expect(planText(plan)).toContain("left alone");
    expect(isDone(plan)).toBe(true);
  });
});

test("long lists are cut for people and whole for machines", () => {
  const ids = Array.from({ length: 20 }, (_, at) => `f${at}`);
  const plan = planRelease(draftOf("h", invoke(...ids)), nothing);
  expect(planText(plan)).toContain("invoke f5 and 14 more");
  expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
});

test("the summary of a release counts what changed, not what waits or may have nothing to do", () => {
  const one = { name: "a", reason: "" };
  const changes = [
    { ...one, action: "create", kind: "function" },
    { ...one, action: "update", kind: "function" },
    { ...one, action: "keep", kind: "route" },
    { ...one, action: "ask", kind: "migrate" },
    { ...one, action: "wait", kind: "migrate" },
  ] as const;
  const plan = planRelease(draftOf("h"), nothing);
  expect(changesText({ ...plan, changes })).toBe("2 functions");
  expect(changesText({ ...plan, changes: changes.slice(2) })).toBe("nothing");
});
