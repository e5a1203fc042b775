// Plans the Gateways among objects, each with the provider of its class.
import { CERTIFICATE_ARN_OPTION } from '../aws/certificate-arns.ts';
import { type Config, settingsDefaults } from '../config.ts';
import { type FromManifests, fromManifests } from '../gateway/from-manifests.ts';
import type { GatewayInput } from '../gateway/input.ts';
import type { LiveAws } from './live-aws.ts';
import { type PlannedOnAws, planOnAws } from './planned-on-aws.ts';
import type { PlannedOnMetallb } from './planned-on-metallb.ts';

export type PlannedGateway = PlannedOnAws | PlannedOnMetallb;

export interface PlanOptions {
  readonly config: Config;
  /** Absent if AWS is not read. */
  readonly aws: LiveAws | undefined;
  readonly assumeSecrets: boolean;
  /** Milliseconds since the epoch, because certificates expire. */
  readonly now: number;
}

export interface PlannedInputs extends FromManifests {
  /** One per input, in the same order. */
  readonly gateways: readonly PlannedGateway[];
}

export async function plannedGateways(
  objects: readonly unknown[],
  { config, aws, assumeSecrets, now }: PlanOptions,
): Promise<PlannedInputs> {
  const ofAws = fromManifests(objects, {
    controllerName: config.awsControllerName,
    certificateOption: CERTIFICATE_ARN_OPTION,
    now,
    assumeSecrets,
    ...(aws !== undefined && { certificates: aws }),
  });
  const ofMetallb = fromManifests(objects, { controllerName: config.metallbControllerName, now, assumeSecrets });
  const { clusterName } = config;
  const onAws = { clusterName, defaults: settingsDefaults(config), ...(aws !== undefined && { aws }) };
  return {
    inputs: [...ofAws.inputs, ...ofMetallb.inputs],
    gateways: [
      ...(await Promise.all(ofAws.inputs.map((input) => planOnAws(input, onAws)))),
      ...(await onMetallb(ofMetallb.inputs, config)),
    ],
    invalid: ofAws.invalid,
  };
}

/** Envoy's API is loaded only if it is needed. */
async function onMetallb(inputs: readonly GatewayInput[], config: Config): Promise<readonly PlannedOnMetallb[]> {
  if (inputs.length === 0) return [];
  const { planOnMetallb } = await import('./planned-on-metallb.ts');
  return await Promise.all(inputs.map((input) => planOnMetallb(input, config)));
}
