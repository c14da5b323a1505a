/** An App record with hosting.json's defaults, for tests of builds and deploys. */
import type { App } from "../../framework/model/app.ts";

/** @param changes top-level keys; `lambda` and `workers` are replaced and not merged */
export const defaultApp = (root: string, changes: Partial<App> = {}): App => ({
  root,
  name: "test",
  stage: "local",
  protected: false,
  targets: ["lambda"],
  assets: "functions/_public",
  headers: [],
  group: "route",
  routes: [],
  files: [],
  external: [],
  env: {},
  secrets: [],
  smoke: [],
  keep: 10,
  lambda: { architecture: "arm64", logRetention: 30, policies: [] },
  workers: { compatibilityDate: "2026-07-01", bindings: {}, domains: [], routes: [] },
  ...changes,
});
