import { type GatewayFinding, ofGateway } from '../provider/finding.ts';

/** Something outside of the Gateway is missing, without which nothing can be done for it. */
export const pending = (kind: string, words: string): GatewayFinding =>
  ofGateway({ kind }, words, {
    kind: 'hindrance',
    programmed: 'Pending',
    upToDate: 'Unavailable',
    concerns: 'everything',
    passing: true,
  });
