/** Reads the log lines of a stage's functions from its log group, in order of time. */
import { FilterLogEventsCommand, type FilteredLogEvent } from "@aws-sdk/client-cloudwatch-logs";
import { UserError } from "../../framework/model/user-error.ts";
import type { Clients } from "./clients.ts";
import { logGroup } from "./log-group.ts";
import type { Owner } from "../parts.ts";
import { isMissing } from "./aws-error.ts";

/** One line. */
export interface StoredLine {
  /** CloudWatch's event id, which identifies a line that is read twice. */
  readonly id: string;
  /** Epoch ms. */
  readonly time: number;
  /** The function's name on AWS. */
  readonly function: string;
  /** Of the function; undefined where the stream's name does not tell. */
  readonly version: string | undefined;
  readonly text: string;
}

/** The lines to read. */
export interface LogQuery {
  /** Epoch ms. */
  readonly since: number;
  /** Functions' names; all when absent. */
  readonly functions?: readonly string[];
}

/** Throws UserError NO_LOGS for a stage without a log group. */
export async function readLogs(
  { logs }: Clients,
  owner: Owner,
  { since, functions }: LogQuery,
): Promise<readonly StoredLine[]> {
  const lines: StoredLine[] = [];
  let nextToken: string | undefined;
  do {
    const page = await logs
      .send(
        new FilterLogEventsCommand({
          logGroupName: logGroup(owner),
          startTime: since,
          ...(nextToken && { nextToken }),
        }),
      )
      .catch((error: unknown) => {
        throw isMissing(error) ? noLogs(owner, error) : error;
      });
    lines.push(...(page.events ?? []).map(toLine));
    nextToken = page.nextToken;
  } while (nextToken);
  const wanted = functions && new Set(functions);
  return lines.filter((line) => !wanted || wanted.has(line.function)).toSorted((one, other) => one.time - other.time);
}

/**
 * With a log group of one's own, a stream is called `2026/11/25/NAME[VERSION]0123…` (Lambda developer guide,
 * "Configuring log groups").
 */
function toLine({ eventId = "", timestamp = 0, logStreamName = "", message = "" }: FilteredLogEvent): StoredLine {
  const [, name = logStreamName, version] = /^\d{4}\/\d{2}\/\d{2}\/([^[]+)\[(\d+)?/.exec(logStreamName) ?? [];
  return { id: eventId, time: timestamp, function: name, version, text: message.replace(/\n$/, "") };
}

function noLogs({ app, stage }: Owner, cause: unknown): UserError {
  return new UserError(
    "NO_LOGS",
    `${app} has no log group at the stage ${stage}`,
    `Run portico deploy --stage ${stage}, which creates it with the first release.`,
    {
      cause,
    },
  );
}
