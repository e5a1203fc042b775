import type { AwsOptions } from '../options.ts';
import type { Faults } from './faults.ts';

/** The options as they are now: the plan of faults may set some in place of those that the process started with. */
export function optionsUnder(options: AwsOptions, faults: Faults): AwsOptions {
  return {
    ...options,
    get provisioningSeconds() {
      return faults.plan.provisioningSeconds ?? options.provisioningSeconds;
    },
    get releaseSeconds() {
      return faults.plan.releaseSeconds ?? options.releaseSeconds;
    },
    get healthSeconds() {
      return faults.plan.healthSeconds ?? options.healthSeconds;
    },
    get drainingSecondsMax() {
      return faults.plan.drainingSecondsMax ?? options.drainingSecondsMax;
    },
    get issuingSeconds() {
      return faults.plan.issuingSeconds ?? options.issuingSeconds;
    },
    get taggingLagSeconds() {
      return faults.plan.taggingLagSeconds ?? options.taggingLagSeconds;
    },
    get throttling() {
      return faults.plan.throttling ?? options.throttling;
    },
  };
}

/** Those that a plan may set, as they are. */
export function switchesOf(options: AwsOptions) {
  const { provisioningSeconds, releaseSeconds, healthSeconds, drainingSecondsMax } = options;
  const { issuingSeconds, taggingLagSeconds, throttling } = options;
  return {
    provisioningSeconds,
    releaseSeconds,
    healthSeconds,
    drainingSecondsMax,
    issuingSeconds,
    taggingLagSeconds,
    throttling,
  };
}
