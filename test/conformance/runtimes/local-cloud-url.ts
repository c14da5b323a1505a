/** The runtime `local-cloud-url`: the app, deployed to the local cloud, behind a function URL. */
import type { Runtime } from "../runtime.ts";
import { behindUrl } from "./lambda-url.ts";
import { startLocalCloud } from "./local-cloud.ts";

/** The runtime. */
export const localCloudUrl: Runtime = {
  name: "local-cloud-url",
  start: (subject) => startLocalCloud({ ...subject, app: behindUrl(subject.app) }),
};
