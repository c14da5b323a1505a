/** What an account's plan, free or paid, allows (Workers limits page, September 2026). */

/** The limits of a plan. */
export interface AccountPlan {
  readonly name: "free" | "paid";
  readonly scripts: number;
  readonly variables: number;
  readonly assetFiles: number;
  readonly crons: number;
  readonly databases: number;
  /** Configurations of Hyperdrive (docs: Hyperdrive, Limits). */
  readonly hyperdrives: number;
}

export const accountPlans: Readonly<Record<AccountPlan["name"], AccountPlan>> = {
  free: { name: "free", scripts: 100, variables: 64, assetFiles: 20_000, crons: 5, databases: 10, hyperdrives: 10 },
  paid: {
    name: "paid",
    scripts: 500,
    variables: 128,
    assetFiles: 100_000,
    crons: 250,
    databases: 50_000,
    hyperdrives: 25,
  },
};
