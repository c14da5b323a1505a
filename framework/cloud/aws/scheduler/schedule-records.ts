/** The types of EventBridge Scheduler's records: groups, schedules, and what a schedule does. */

/** A schedule group of EventBridge Scheduler. Times in epoch ms. */
export interface ScheduleGroupRecord {
  readonly name: string;
  readonly created: number;
  /** When a deletion is complete. */
  readonly deletedAt?: number;
  readonly tags: Readonly<Record<string, string>>;
  /** Of the call that made it, which may be repeated. */
  readonly clientToken?: string;
}

/** A schedule that sends a message each minute. Times in epoch ms. */
export interface ScheduleRecord {
  readonly group: string;
  readonly name: string;
  readonly created: number;
  readonly modified: number;
  /** Since when it is enabled: earlier minutes are not its own. */
  readonly since: number;
  readonly settings: ScheduleSettings;
  /** Of the call that made it, which may be repeated. */
  readonly clientToken?: string;
}

/** What CreateSchedule and UpdateSchedule set. */
export interface ScheduleSettings {
  readonly expression: string;
  readonly isEnabled: boolean;
  readonly queueArn: string;
  readonly roleArn: string;
  readonly input: string;
  /** Seconds. */
  readonly maximumEventAge: number;
  readonly maximumRetries: number;
}
