// Kubernetes' kinds around pods, with only the fields that Gatehouse reads.
import type { Condition, KubeObject } from '../kube/object.ts';

export interface Pod extends KubeObject {
  readonly kind: 'Pod';
  readonly spec: { readonly serviceAccountName?: string; readonly nodeName?: string };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly (Pick<Condition, 'type' | 'status'> & Partial<Pick<Condition, 'message'>>)[];
    readonly containerStatuses?: readonly {
      readonly state?: { readonly waiting?: { readonly reason?: string; readonly message?: string } };
    }[];
  };
}

/** A pod that ends is not ready, whatever its conditions say. */
export const isReady = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp === undefined &&
  status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') === true;

export interface Deployment extends KubeObject {
  readonly kind: 'Deployment';
  readonly spec: { readonly replicas?: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly readyReplicas?: number;
    readonly conditions?: readonly Pick<Condition, 'type' | 'status' | 'reason' | 'message'>[];
  };
}

/** The API server's answer about a token. */
export interface TokenReview extends KubeObject {
  readonly kind: 'TokenReview';
  readonly spec: { readonly token: string; readonly audiences: readonly string[] };
  readonly status?: {
    readonly authenticated?: boolean;
    readonly audiences?: readonly string[];
    readonly user?: {
      readonly username?: string;
      readonly extra?: Readonly<Record<string, readonly string[]>>;
    };
  };
}
