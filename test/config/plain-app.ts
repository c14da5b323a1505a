/** An app as hosting.json's defaults have it: a root and what a test wants otherwise in, the app that a build or a deploy takes out. */
import type { App } from "../../framework/model/app.ts";

/** @param changes whole keys: `lambda` and `workers` are not merged */
export const plainApp = (root: string, changes: Partial<App> = {}): App => ({
  root,
  name: "test",
  stage: "local",
  protected: false,
  targets: ["lambda"],
  assets: "functions/_public",
  headers: [],
  group: "route",
  routes: [],
  env: {},
  secrets: [],
  smoke: [],
  keep: 10,
  lambda: { architecture: "arm64", logRetention: 30, policies: [] },
  workers: { compatibilityDate: "2026-07-01", bindings: {}, domains: [], routes: [] },
  ...changes,
});
