/** Milliseconds since 1970. State that changes by itself (provisioning → active) is computed from it when needed. No timers. */
export interface Clock {
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };
