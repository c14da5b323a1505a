/** The entry `portico/testing`: a whole app in the process of its tests, and calls of single handlers. */
export { createCall, type HandlerOf, invoke, type InvokeOptions, type RouteModule } from "../node/testing.ts";
export { testApp, type TestApp, type TestAppOptions } from "./test-app.ts";
export { testDatabase, type TestDatabase, type TestDatabaseOptions } from "./test-database.ts";
export type { TestClient } from "./client.ts";
export type { TestClock } from "./clock.ts";
export type { TestJobRun, TestJobs } from "./jobs.ts";
