/** The local cloud for a command: an app's folder and a port in, one that already runs or a new one of our own out. */
import { join } from "node:path";
import { accessJson, formatAccess } from "../local/access-log.ts";
import { localRegion } from "../local/cloud/arn.ts";
import { startCloud, type Cloud } from "../local/cloud/cloud.ts";
import { findCloud } from "../local/cloud/find-cloud.ts";
import { readOrMakeKey } from "../local/cloud/key.ts";
import { realisticPace } from "../local/cloud/pace.ts";
import { createLambdaRuntime } from "../local/lambda/runtime.ts";
import type { LogLine } from "../model/invocation.ts";
import { UserError } from "../model/user-error.ts";
import { formatLog } from "./format-log.ts";
import type { Reporter } from "./reporter.ts";

/** Port of the control APIs when none is given. */
export const usualCloudPort = 4000;

/** Where an app's local cloud keeps everything. */
export const cloudFolder = (root: string): string => join(root, ".portico", "cloud");

/** What a client of it needs. */
export interface CloudAccess {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A cloud of this process: to be served until the end. */
export interface OwnCloud {
  readonly cloud: Cloud;
  close(): Promise<void>;
}

/** Starts one in this process. A start without a watchdog leaves functions behind at a kill -9. */
export async function openCloud(
  root: string,
  port: number,
  reporter: Reporter,
  options: { readonly logsAccess: boolean; readonly realistic?: boolean },
): Promise<OwnCloud> {
  const onFunctionLog = (line: LogLine): void => {
    if (options.logsAccess || !reporter.json) reporter.result(formatLog(line, reporter), { type: "log", ...line });
  };
  const runtime = createLambdaRuntime({ platformLines: true, onLog: onFunctionLog });
  try {
    const cloud = await startCloud({
      folder: cloudFolder(root),
      port,
      runtime,
      pace: options.realistic ? realisticPace : {},
      onAccess: (record) => {
        if (options.logsAccess || !reporter.json)
          reporter.result(
            formatAccess(record, (style, text) => reporter.paint(style, text)),
            accessJson(record),
          );
      },
      onWorkerLog: onFunctionLog,
      onLog: (line) => reporter.warn(line),
      onError: (error) => reporter.error(error),
    });
    return {
      cloud,
      close: async () => {
        await cloud.close();
        await runtime.close();
      },
    };
  } catch (error) {
    await runtime.close();
    throw error;
  }
}

/** The cloud that runs on the app's state and proves its key. */
export async function findRunningCloud(root: string, port: number): Promise<CloudAccess | undefined> {
  const folder = cloudFolder(root);
  const running = await findCloud({ folder, port });
  return running && { endpoint: running.url, region: localRegion, ...readOrMakeKey(folder) };
}

/** The cloud that proves the app's key, or one of our own: at the port that was given, else at the usual one or a free one. */
export async function reachCloud(
  root: string,
  port: number | undefined,
  reporter: Reporter,
): Promise<{ readonly access: CloudAccess; readonly own?: OwnCloud }> {
  const running = await findRunningCloud(root, port ?? usualCloudPort);
  if (running) return { access: running };
  const own = await openOwn(root, port, reporter);
  const { url: endpoint, region, accessKeyId, secretAccessKey } = own.cloud;
  return { access: { endpoint, region, accessKeyId, secretAccessKey }, own };
}

async function openOwn(root: string, port: number | undefined, reporter: Reporter): Promise<OwnCloud> {
  try {
    return await openCloud(root, port ?? usualCloudPort, reporter, { logsAccess: false });
  } catch (error) {
    if (port !== undefined || !(error instanceof UserError) || error.code !== "PORT_IN_USE") throw error;
    const own = await openCloud(root, 0, reporter, { logsAccess: false });
    reporter.line(`port ${usualCloudPort} is in use by something else; the local cloud takes ${own.cloud.port}`);
    return own;
  }
}
