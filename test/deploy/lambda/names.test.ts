/** Names on AWS: short enough, distinct, and readable again. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  describedRelease,
  functionName,
  functionPrefix,
  isOurs,
  ownerTags,
  releaseDescription,
  stageName,
  versionDescription,
  versionKey,
} from "../../../deploy/lambda/names.ts";
import { UserError } from "../../../framework/model/user-error.ts";

const word = fc.stringMatching(/^[a-z][a-z0-9]{0,7}(-[a-z0-9]{1,6}){0,2}$/);
const owner = fc.record({ app: word, stage: word });
const id = fc.stringMatching(/^[a-z0-9-]{1,40}$/);

test("at most 64 characters that Lambda takes, below the prefix of its own app and stage", () => {
  fc.assert(
    fc.property(owner, id, (one, slug) => {
      const name = functionName(one, slug);
      expect(name).toMatch(/^[a-z0-9-]{1,64}$/);
      expect(name.startsWith(functionPrefix(one))).toBe(true);
    }),
  );
});

test("two functions have two names, whatever is cut", () => {
  fc.assert(
    fc.property(owner, owner, id, id, (one, other, left, right) => {
      fc.pre(left !== right || one.app !== other.app || one.stage !== other.stage);
      expect(functionName(one, left)).not.toBe(functionName(other, right));
    }),
  );
});

test("no app's or stage's functions begin like another's", () => {
  fc.assert(
    fc.property(owner, owner, id, (one, other, slug) => {
      fc.pre(one.app !== other.app || one.stage !== other.stage);
      expect(functionName(one, slug).startsWith(functionPrefix(other))).toBe(false);
    }),
  );
  expect(functionName({ app: "a", stage: "b-c" }, "x").startsWith(functionPrefix({ app: "a", stage: "b" }))).toBe(
    false,
  );
});

test("ids that are cut at the same place stay apart", () => {
  const long = { app: "a".repeat(25), stage: "b".repeat(24) };
  const names = new Set(Array.from({ length: 2000 }, (_, at) => functionName(long, `users-id-posts-${at}`)));
  expect(names.size).toBe(2000);
});

test("names that leave no room are an error", () => {
  expect(() => stageName({ app: "a".repeat(40), stage: "b".repeat(15) })).toThrow(UserError);
  expect(stageName({ app: "a".repeat(40), stage: "b".repeat(9) })).toHaveLength(51);
});

test("descriptions are read back, and nothing else is", () => {
  const hash = "0123456789abcdef".repeat(4);
  expect(versionKey(versionDescription(hash))).toBe(hash);
  expect(describedRelease(releaseDescription(12, hash))).toEqual({ number: 12, hash });
  for (const text of [
    undefined,
    "",
    "Automatic deployment",
    `portico release 0 manifest=${hash}`,
    `portico release 1 manifest=${hash} `,
  ]) {
    expect(describedRelease(text)).toBeUndefined();
  }
  expect(versionKey("portico key=short")).toBeUndefined();
});

test("only both tags make a thing ours", () => {
  const mine = { app: "a", stage: "b" };
  expect(isOurs(mine, ownerTags(mine))).toBe(true);
  for (const tags of [undefined, {}, { "portico:app": "a" }, { "portico:app": "a", "portico:stage": "c" }])
    expect(isOurs(mine, tags)).toBe(false);
});
