/** Finds the running local cloud of an app for a command, or starts one in this process. */
import { join } from "node:path";
import { withFileLock } from "../config/file-lock.ts";
import { type AccessRecord, accessJson, formatAccess } from "../http/access-log.ts";
import { localRegion } from "../cloud/aws/arn.ts";
import { startCloud, type Cloud } from "../cloud/cloud.ts";
import { findRunningCloud as findCloud } from "../cloud/running-cloud.ts";
import { readOrCreateAccessKey } from "../cloud/access-key.ts";
import { realisticProfile } from "../cloud/latency-profile.ts";
import { createLambdaRuntime } from "../emulation/lambda/runtime.ts";
import type { LogLine } from "../model/invocation.ts";
import { UserError } from "../model/user-error.ts";
import { holdDatabases } from "./cloud-databases.ts";
import { formatLog } from "./log-output.ts";
import { openLocalPlaces } from "./stack-places.ts";
import type { Reporter } from "./reporter.ts";

/** The default port of the control APIs. */
export const defaultCloudPort = 4000;

/** The folder with all state of an app's local cloud. */
export const cloudFolder = (root: string): string => join(root, ".portico", "cloud");

/** The endpoint and credentials for a client of the local cloud. */
export interface CloudAccess {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A local cloud that runs in this process, until it is closed. */
export interface OwnCloud {
  readonly cloud: Cloud;
  /** A line for each local database, for people who want to look into it while the cloud runs. */
  readonly databases: readonly string[];
  close(): Promise<void>;
}

/** How to start it. */
interface OpenOptions {
  readonly logsAccess: boolean;
  /** False for one that delivers no messages before `startDeliveries`: what runs then would end with this process. */
  readonly delivers?: boolean;
  readonly realistic?: boolean;
}

/** Starts a local cloud in this process. Without a watchdog, its functions outlive a kill -9 of this process. */
export async function openCloud(
  root: string,
  port: number,
  reporter: Reporter,
  { logsAccess, delivers = true, realistic = false }: OpenOptions,
): Promise<OwnCloud> {
  const withPlaces = openLocalPlaces();
  const onFunctionLog = (line: LogLine): void => {
    if (!logsAccess && reporter.json) return;
    const named = { ...line, text: withPlaces(line.text) };
    reporter.result(formatLog(named, reporter), { type: "log", ...named });
  };
  // Without --verbose Lambda's three lines per request are left out of the access log; portico logs has them.
  const runtime = createLambdaRuntime({ platformLines: reporter.verbose, onLog: onFunctionLog });
  const folder = cloudFolder(root);
  try {
    readOrCreateAccessKey(folder);
    const options = {
      folder,
      port,
      runtime,
      delivers,
      latency: realistic ? realisticProfile : {},
      onAccess: (record: AccessRecord) => {
        if (logsAccess || !reporter.json)
          reporter.result(
            formatAccess(record, (style, text) => reporter.paint(style, text)),
            accessJson(record),
          );
      },
      onWorkerLog: onFunctionLog,
      onLog: (line: string) => reporter.warn(line),
      onError: (error: unknown) => reporter.error(error),
    };
    // Only one process may own the storage: of two that start at the same moment, the second finds the first.
    const cloud = await withFileLock(join(folder, "running.json"), () => startCloud(options));
    const databases = await holdDatabases(root, reporter);
    return {
      cloud,
      databases: databases.lines,
      close: async () => {
        await cloud.close();
        await runtime.close();
        await databases.close();
      },
    };
  } catch (error) {
    await runtime.close();
    throw error;
  }
}

/** The running local cloud of an app, which proves that it has the app's key; undefined where none runs. */
export async function findRunningCloud(root: string, port: number): Promise<CloudAccess | undefined> {
  const folder = cloudFolder(root);
  const running = await findCloud({ folder, port });
  return running && { endpoint: running.url, region: localRegion, ...readOrCreateAccessKey(folder) };
}

/**
 * The running local cloud of an app, or a new one in this process: at this port, or else at the default one or, where
 * that is in use, at a free one.
 * @param delivers whether a new one delivers messages at once
 */
export async function reachCloud(
  root: string,
  port: number | undefined,
  reporter: Reporter,
  delivers: boolean,
): Promise<{ readonly access: CloudAccess; readonly own?: OwnCloud }> {
  const running = await findRunningCloud(root, port ?? defaultCloudPort);
  if (running) return { access: running };
  const own = await openAtFreePort(root, port, reporter, delivers);
  const { url: endpoint, region, accessKeyId, secretAccessKey } = own.cloud;
  return { access: { endpoint, region, accessKeyId, secretAccessKey }, own };
}

async function openAtFreePort(
  root: string,
  port: number | undefined,
  reporter: Reporter,
  delivers: boolean,
): Promise<OwnCloud> {
  const options = { logsAccess: false, delivers };
  try {
    return await openCloud(root, port ?? defaultCloudPort, reporter, options);
  } catch (error) {
    if (port !== undefined || !(error instanceof UserError) || error.code !== "PORT_IN_USE") throw error;
    const own = await openCloud(root, 0, reporter, options);
    reporter.line(`port ${defaultCloudPort} is in use by something else; the local cloud takes ${own.cloud.port}`);
    return own;
  }
}
