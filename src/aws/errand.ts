// For whom a call to AWS is made. What makes calls runs on an errand; the clients' limits look it up, so that no function between
// the two has to hand it on.
import { AsyncLocalStorage } from 'node:async_hooks';
import { type ObjectKey, parseObjectKey } from '../kube/object.ts';

export interface Errand {
  /** Whose change it is. The account's rates are shared among namespaces, however much each of them changes. */
  readonly namespace: string;
  /** The Gateway or Service that it is about: within a namespace, these share in turn. */
  readonly object: string;
  /** Calls the errand back, as long as it has made no call. */
  readonly recall?: AbortSignal;
}

export interface UnderWay extends Errand {
  /** How many calls it has made: one that has begun is not called back any more. */
  calls: number;
}

/** Most errands are two or three calls: one that has begun goes before others, so that nothing is left half done for long. */
const soonDone = 4;

export const isNearlyDone = ({ calls }: UnderWay): boolean => calls > 0 && calls < soonDone;

const storage = new AsyncLocalStorage<UnderWay>();

export const onErrand = <T>(errand: Errand, work: () => Promise<T>): Promise<T> =>
  storage.run({ ...errand, calls: 0 }, work);

/** The errand of an object itself. */
export const errandOf = (object: ObjectKey): Errand => ({ namespace: parseObjectKey(object).namespace ?? '', object });

/** What no object asked for, as audits and sweeps, has one share of its own. */
const background = (): UnderWay => ({ namespace: '', object: '', calls: 0 });

export const errandUnderWay = (): UnderWay => storage.getStore() ?? background();

/** What is thrown in place of the first call of an errand that was called back. */
export class RecalledError extends Error {
  override readonly name = 'RecalledError';

  constructor() {
    super('Called back before the first call');
  }
}
