// How an Envoy ends. Its pod is deleted, and not ready any more; the Service sends it nothing new; its listeners are removed over
// ADS, so that it closes each connection after its answer; then the kubelet stops it.

/** A pod is not ready after this many failed probes, with this time between them. */
export const READY_PROBE = { failureThreshold: 2, periodSeconds: 2 };

/** From a pod's deletion until no node and no load balancer sends it new connections. Then its listeners are removed. */
export const LEAVE_SECONDS = 10;

/** How long the requests that it still has may take. */
export const DRAIN_SECONDS = 30;

/** Envoy ends at once when it is told to. */
const STOP_SECONDS = 10;

/** The kubelet sleeps before it stops Envoy. This needs Kubernetes 1.30. */
export const PRE_STOP_SECONDS = LEAVE_SECONDS + DRAIN_SECONDS;

export const GRACE_SECONDS = PRE_STOP_SECONDS + STOP_SECONDS;
