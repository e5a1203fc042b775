// An errand: for whose object calls to AWS are made. The clients' rate limits look it up in asynchronous context, so that no
// function between has to pass it on.
import { AsyncLocalStorage } from 'node:async_hooks';
import { type ObjectKey, parseObjectKey } from '../kube/object.ts';

export interface Errand {
  /** The namespace of the change. Namespaces share the account's rates equally, however much each of them changes. */
  readonly namespace: string;
  /** The Gateway or Service. Within a namespace, these share equally too. */
  readonly object: string;
  /** Recalls the errand, if it has made no call yet. */
  readonly recall?: AbortSignal;
}

export interface UnderWay extends Errand {
  /** How many calls it has made. After the first one it is no longer recalled. */
  calls: number;
}

/** Most errands are two or three calls. One that has begun goes before others, so that nothing stays half done for long. */
const soonDone = 4;

export const isNearlyDone = ({ calls }: UnderWay): boolean => calls > 0 && calls < soonDone;

const storage = new AsyncLocalStorage<UnderWay>();

export const onErrand = <T>(errand: Errand, work: () => Promise<T>): Promise<T> =>
  storage.run({ ...errand, calls: 0 }, work);

/** The errand for an object itself. */
export const errandOf = (object: ObjectKey): Errand => ({ namespace: parseObjectKey(object).namespace ?? '', object });

/** For calls that no object asked for, such as audits and sweeps: together they have one share. */
const background = (): UnderWay => ({ namespace: '', object: '', calls: 0 });

export const errandUnderWay = (): UnderWay => storage.getStore() ?? background();

/** Thrown instead of the first call of a recalled errand. */
export class RecalledError extends Error {
  override readonly name = 'RecalledError';

  constructor() {
    super('Called back before the first call');
  }
}
