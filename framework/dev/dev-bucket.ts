/**
 * The S3 bucket of an app under development on Lambda: made for the first function that needs files, and from then on
 * there from the start, since a form of it may be open in a browser.
 */
import type { LocalBucket } from "../emulation/s3/local-bucket.ts";
import type { App } from "../model/app.ts";
import type { LoadedFunction } from "../model/invocation.ts";
import { type BucketAddress, keepAddress } from "./bucket-address.ts";
import { lambdaFiles, lambdaPlace } from "./lambda-place.ts";

/** What gives functions that need files the variables with which they reach the bucket. */
export interface DevBucket {
  /** Rejects with UserError STORE_FILE. */
  withBucket(fn: LoadedFunction, role: string): Promise<LoadedFunction>;
  close(): Promise<void>;
}

/**
 * Its objects are kept in the app's data folder, and shared with other processes that serve the app.
 * @param onError gets failures of the bucket's server
 * @param address its secret is that of other services, too
 */
export function createDevBucket(app: App, onError: (error: unknown) => void, address: BucketAddress): DevBucket {
  const open = async (): Promise<LocalBucket> => {
    const { openLocalBucket } = await import("../emulation/s3/local-bucket.ts");
    const opened = await openLocalBucket({ ...lambdaPlace(app), file: lambdaFiles(app).objects, onError, ...address });
    // Another process that serves the app has its port.
    if (address.port === undefined) await keepAddress(app, { ...address, port: opened.port });
    return opened;
  };
  let bucket: Promise<LocalBucket> | undefined;
  const opened = (): Promise<LocalBucket> => {
    bucket ??= open();
    // The next request tries again.
    bucket.catch(() => (bucket = undefined));
    return bucket;
  };
  // Who needs files is told why it fails.
  if (address.port !== undefined) opened().catch(() => undefined);
  return {
    async withBucket(fn, role) {
      if (!fn.needs?.includes("files")) return fn;
      return { ...fn, cloudEnv: { ...fn.cloudEnv, ...(await opened()).variables(fn.id, role) } };
    },
    close: async () => (await bucket?.catch(() => undefined))?.close(),
  };
}
