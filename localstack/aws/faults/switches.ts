import type { AwsOptions } from '../options.ts';
import type { Faults } from './faults.ts';

/** The current options: a plan of faults may replace some of the initial options. */
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
    get networkRegistrationSeconds() {
      return faults.plan.networkRegistrationSeconds ?? options.networkRegistrationSeconds;
    },
    get networkDeregistrationSeconds() {
      return faults.plan.networkDeregistrationSeconds ?? options.networkDeregistrationSeconds;
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

/** The current values of the options that a plan may set. */
export function switchesOf(options: AwsOptions) {
  const { provisioningSeconds, releaseSeconds, healthSeconds, drainingSecondsMax } = options;
  const { networkRegistrationSeconds, networkDeregistrationSeconds } = options;
  const { issuingSeconds, taggingLagSeconds, throttling } = options;
  return {
    provisioningSeconds,
    releaseSeconds,
    healthSeconds,
    drainingSecondsMax,
    networkRegistrationSeconds,
    networkDeregistrationSeconds,
    issuingSeconds,
    taggingLagSeconds,
    throttling,
  };
}
