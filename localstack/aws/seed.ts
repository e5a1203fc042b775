import type { Region } from './account.ts';

/** What the demo VPC is made of. */
export interface Seed {
  readonly vpcId: string;
}

export async function seed(_region: Region): Promise<Seed> {
  return { vpcId: '' };
}
