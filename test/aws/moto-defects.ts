// The cases that moto 5.2.5 can't pass, by defect. `npm run test:aws -- --moto` runs these too: remove a case that passes.
// moto-server.py fixes moto's error with regular expressions in conditions.
import type { Defects } from './verdicts.ts';

export const motoDefects: Defects = {
  'moto identifies a target only by its address: a second port replaces the first': [
    'targets > pods > of several slices are all in the group, whatever port each has under its name',
  ],
  'moto accepts a public address as a target': [
    'targets > pods > that AWS refuses keep no other one out, and the route’s status names them',
  ],
  'moto drops the transforms of a rule': [
    'routes > filters > rewrites change the host and the path before the Service sees them',
  ],
  'moto accepts any credentials': [
    'bad-input-cloud > with wrong credentials it says so and keeps the addresses; with the right ones it goes on',
  ],
  'moto creates a second load balancer of the same name, and a second listener on the same port': [
    'bad-input-cloud > errors, throttling and lost answers of AWS leave nothing double and nothing undone',
  ],
  'moto adds its own root certificate to an imported chain': [
    'certificates > a certificate > takes the chain of its issuers along, if it is in order',
  ],
  'moto forgets the tags of a certificate that is imported again': [
    'drift > corrected and reported: a certificate that is imported over ours, and the tags of another',
    'certificates > a Secret > with a new certificate of the same key type keeps its ARN and its tags, and no listener is touched',
    'certificates > a Secret > with a key of another type becomes a new certificate, which takes the place of the old one everywhere',
  ],
};
