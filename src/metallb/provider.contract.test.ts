// MetalLB keeps the contract, before a cluster in memory. test/integration/metallb-contract.test.ts has the real ones.
import { describeProvider } from '../provider/contract.ts';
import { skippedCases } from './testing/contract-rig.ts';
import { memoryRig } from './testing/memory-rig.ts';

describeProvider('MetalLB', () => memoryRig(), skippedCases);
