import { type AcmState, newAcmState } from './acm/state.ts';
import { type Ec2State, newEc2State } from './ec2/state.ts';
import { type Elbv2State, newElbv2State } from './elbv2/state.ts';

/** All that one account has in one region: a Map a kind of resource, each service's in its own folder. */
export interface RegionState {
  readonly ec2: Ec2State;
  readonly acm: AcmState;
  readonly elbv2: Elbv2State;
}

export function newRegionState(region: string, accountId: string): RegionState {
  return { ec2: newEc2State(region, accountId), acm: newAcmState(), elbv2: newElbv2State() };
}
