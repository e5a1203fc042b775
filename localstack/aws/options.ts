import type { Quotas } from './quotas.ts';

/** Every switch of the embedded AWS. Durations are seconds; fractions are allowed. */
export interface AwsOptions {
  /** TCP port on 127.0.0.1; 0 takes any free one. */
  readonly port: number;
  /** The region a request belongs to when its signature names none; the seed lives here. */
  readonly region: string;
  readonly accountId: string;
  /** How long a new load balancer is `provisioning`. */
  readonly provisioningSeconds: number;
  /** How long a deleted load balancer still holds its network interfaces, target groups and certificates. */
  readonly releaseSeconds: number;
  /** How long a target in use is `initial` before it is `healthy`. */
  readonly healthSeconds: number;
  /** Caps a target group's deregistration delay. */
  readonly drainingSecondsMax: number;
  /** How long a requested certificate is PENDING_VALIDATION. */
  readonly issuingSeconds: number;
  /** How far GetResources is behind. */
  readonly taggingLagSeconds: number;
  readonly quotas: Quotas;
  /** Whether calls above AWS's request rates are refused. */
  readonly throttling: boolean;
  /** The access key ids that exist; undefined: all do. Signatures are never verified. */
  readonly credentials: readonly string[] | undefined;
  /** Whether a demo VPC is there from the start. */
  readonly seed: boolean;
  readonly seedNodes: number;
  readonly seedClusterName: string;
  /** Whether every call prints a line. */
  readonly log: boolean;
}
