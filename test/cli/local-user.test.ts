/** The name of whoever runs a command. */
import { hostname, userInfo } from "node:os";
import { expect, test } from "vitest";
import { localUser } from "../../framework/cli/local-user.ts";

test("a user is named as /etc/passwd does, and by the id where it has no entry", () => {
  expect(localUser()).toBe(`${userInfo().username}@${hostname()}`);
  const read = (): never => {
    throw Object.assign(new Error("uv_os_get_passwd returned ENOENT"), { code: "ERR_SYSTEM_ERROR" });
  };
  expect(localUser(read)).toBe(`uid-${process.getuid?.()}@${hostname()}`);
});
