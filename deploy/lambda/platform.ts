/** AWS Lambda behind the five verbs: clients, a clock and a draft in, a Platform out. */
import { type Clock, systemClock } from "../clock.ts";
import type { Platform } from "../platform.ts";
import { type ApiHandle, ensureApi, findApi, writeWorkingCopy } from "./api.ts";
import type { Clients } from "./clients.ts";
import type { LambdaDraft, LambdaFunction } from "./draft.ts";
import { uploadFunction } from "./functions.ts";
import { observe } from "./observe.ts";
import { clear, expose, freeze, switchTo } from "./promote.ts";
import { ensureRole, type Role } from "./role.ts";

/** The role and the API are looked up once per platform: make one for each release. */
export function createLambdaPlatform(clients: Clients, draft: LambdaDraft, clock: Clock = systemClock): Platform<LambdaFunction> {
  const owner = { app: draft.app, stage: draft.stage };
  let role: Promise<Role> | undefined;
  let api: Promise<ApiHandle | undefined> | undefined;
  const ready = (): Promise<Role> => (role ??= ensureRole(clients, clock, owner, draft.policy));
  const foundApi = (): Promise<ApiHandle | undefined> => (api ??= findApi(clients, owner).then(({ found }) => found));
  const knownApi = async (): Promise<ApiHandle> => {
    const handle = await foundApi();
    if (handle) return handle;
    throw new Error(`${owner.app} has no API at stage ${owner.stage}`);
  };
  return {
    observe: ({ secrets }) => observe(clients, owner, secrets),
    upload: async (fn) => uploadFunction({ clients, clock, owner, role: await ready() }, fn),
    async assemble(release) {
      await ready();
      const handle = await (api = ensureApi(clients, clock, owner));
      if (release.assembled) return expose(clients, clock, handle, owner, release.assembled);
      await writeWorkingCopy(clients, clock, handle, release);
      return expose(clients, clock, handle, owner, await freeze(clients, clock, handle, release.number, release.draft.hash));
    },
    promote: async (release) => switchTo(clients, clock, await knownApi(), owner, release),
    async collect(keep) {
      const handle = await foundApi();
      return handle ? clear(clients, clock, handle, keep) : [];
    },
  };
}
