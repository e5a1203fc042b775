import { join } from 'node:path';
import type { GoProgram } from '../go-build.ts';

/** The folder of the `go.mod` that pins MetalLB's version. */
export const metallbFolder = join(import.meta.dirname, 'build');
export const metallbModule = 'go.universe.tf/metallb';

export const metallbProgram = (name: 'controller' | 'speaker'): GoProgram => ({
  name: `metallb-${name}`,
  folder: metallbFolder,
  module: metallbModule,
  package: `${metallbModule}/${name}`,
});
