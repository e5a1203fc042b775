import { type AcmState, newAcmState } from './acm/state.ts';
import { type Ec2State, newEc2State } from './ec2/state.ts';
import { type Elbv2State, newElbv2State } from './elbv2/state.ts';

/** The state of one account in one region: one Map per kind of resource. Each service's folder has its own part. */
export interface RegionState {
  readonly ec2: Ec2State;
  readonly acm: AcmState;
  readonly elbv2: Elbv2State;
}

export function newRegionState(region: string, accountId: string): RegionState {
  return { ec2: newEc2State(region, accountId), acm: newAcmState(), elbv2: newElbv2State() };
}
