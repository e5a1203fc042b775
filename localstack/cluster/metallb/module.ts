import { join } from 'node:path';

/** The folder of the `go.mod` that pins MetalLB's version. */
export const metallbFolder = join(import.meta.dirname, 'build');
export const metallbModule = 'go.universe.tf/metallb';
