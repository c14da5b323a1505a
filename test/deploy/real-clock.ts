/** The machine's own clock in the place of a virtual one: what waits on it really waits. */
import { systemClock } from "../../deploy/clock.ts";
import type { BusyClock } from "./busy-clock.ts";

export const realClock: BusyClock = {
  ...systemClock,
  pauses: [],
  busy: (work) => work(),
  pass: (milliseconds) => systemClock.sleep(milliseconds),
  advance() {
    throw new Error("nobody moves a real clock");
  },
};
