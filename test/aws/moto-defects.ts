// What of the suite moto 5.2.5 can't pass, by its defect. `npm run test:aws -- --moto` runs these too: one that passes after
// all is to be taken out.
import type { Defects } from './verdicts.ts';

export const motoDefects: Defects = {};
