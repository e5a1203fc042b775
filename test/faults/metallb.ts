// The scenarios of Gateways on MetalLB, in one cluster.
import { metallbAdversary } from './metallb-adversary.ts';
import { metallbAway } from './metallb-away.ts';
import { metallbConnections } from './metallb-connections.ts';
import { metallbPoison } from './metallb-poison.ts';
import { metallbRestarts } from './metallb-restarts.ts';
import { metallbRolling } from './metallb-rolling.ts';
import { metallbSpeaker } from './metallb-speaker.ts';
import { openMetallbStage } from './metallb-stage.ts';
import { family } from './scenario.ts';

export const metallb = family(openMetallbStage, [
  ...metallbAdversary,
  ...metallbRestarts,
  ...metallbSpeaker,
  ...metallbAway,
  ...metallbRolling,
  ...metallbConnections,
  ...metallbPoison,
]);
