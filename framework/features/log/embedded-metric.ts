/** Metrics in CloudWatch's embedded metric format, which CloudWatch Logs extracts from lines of JSON. */
import type { Write } from "./log.ts";

/**
 * Adds to a metric of the app. It never throws; a value that is no finite number is not counted.
 * @param name 1 to 255 characters, other than `stage` and `_aws`
 * @param value default: 1
 */
export type Count = (name: string, value?: number) => void;

/**
 * The namespace is the app, and the only dimension the stage (CloudWatch user guide, "Specification: Embedded metric
 * format").
 */
export const createMetric =
  (write: Write, app = "portico", stage = "dev"): Count =>
  (name, value = 1) => {
    const directive = { Namespace: app, Dimensions: [["stage"]], Metrics: [{ Name: name, Unit: "Count" }] };
    const _aws = { Timestamp: Date.now(), CloudWatchMetrics: [directive] };
    write(JSON.stringify({ [name]: value, stage, _aws }), "info");
  };
