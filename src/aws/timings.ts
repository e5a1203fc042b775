// How long the AWS provider waits, and for what. Everything is in milliseconds.

/** A Gateway's pass runs again this soon, if AWS is still at work on something that it needs. */
export const passAgainMs = 3000;

/** The state of load balancers and the health of targets are read this often at most: a bit less than passes run. */
export const stateReadMs = 2500;

/** The health of NLBs' targets is read at least this often, however long it is awaited. */
export const slowestStateReadMs = 15_000;

/** AWS may show what we have written this late, unless audits run more often. */
export const writeVisibleMs = 60_000;

/** If the inventory could not be read, it is read again this much later. */
export const inventoryRetryMs = 5000;

/**
 * A target group that replaces a serving one waits this long for a first healthy target. AWS's slowest default health check
 * takes less: five times 30 seconds, and registration, which takes an NLB up to five minutes.
 */
export const firstHealthyTargetMs = { application: 180_000, network: 600_000 } as const;

/** If no health check can pass, a target group takes over this long after AWS was seen to have registered its targets. */
export const afterRegistrationMs = 30_000;

/** If the routes of a listener for TCP and UDP begin to differ, it stays as it is for this long, until both are changed. */
export const pairPatienceMs = 60_000;

/** AWS takes this long to deregister a target of an NLB, and may send it new connections until then. */
export const deregistrationMs = 300_000;

/** A deletion that AWS refuses because the resource is in use. */
export const heldDeletion = {
  /** AWS's own use ends by itself. Only after this time we look for other users, and then this often. */
  lookForHoldersAfterMs: 10_000,
  lookForHoldersAgainMs: 60_000,
  longestRetryMs: 60_000,
  /** A deletion that nobody has asked for since is forgotten. */
  forgetAfterMs: 600_000,
} as const;

/** The deletion of what Gateways share, while AWS refuses it. The wait grows by half each time. */
export const sharedDeletion = { firstRetryMs: 3000, longestRetryMs: 60_000 } as const;

/** Gateways that change within this time share one pass that deletes what is no longer shared. */
export const releaseTogetherMs = 100;

/** A failed pass of that kind runs again after the first of these, then after twice as long each time, up to the second. */
export const failedRelease = { backoffBaseMs: 1000, backoffMaxMs: 300_000 } as const;

/** A security group whose rules AWS refuses to change. */
export const refusedGroupLongestRetryMs = 300_000;

/** A Gateway that does not serve yet waits this long at most for other ports, which open together with its own. */
export const portsTogetherMs = 10_000;

/** EC2 may show a new network interface late. It is asked again after these times, and after that only in audits. */
export const newInterfaceRetriesMs = [5000, 10_000, 20_000, 40_000] as const;

/** The interface of a target that does not answer is read again this often at most. */
export const silentTargetReadMs = 60_000;

/** A subnet may be new: for an address in no known subnet, subnets may not be older than this. */
export const subnetsFreshMs = 60_000;

/** A target that AWS refused. The wait doubles each time. */
export const refusedTarget = { firstRetryMs: 15_000, longestRetryMs: 900_000 } as const;

/** A certificate that does not exist is asked for again after this time. */
export const absentCertificateMs = 60_000;

/** Changes of members within this time are saved together. */
export const saveMembersMs = 2000;

/** The end of a term may take this long, so that members are saved. */
export const termEndMs = 2000;

/** Instance metadata must answer within this time: most pods cannot reach it. */
export const instanceMetadataMs = 1000;

/** A pass works at least this long before others interrupt it. A shorter time would cost more passes than it saves waits. */
export const undisturbedPassMs = 500;

/** The shortest pause between the audits of two Gateways. */
export const auditPauseMs = 200;

/** The sweep removes only what two looks agree on, with at least this time between them. */
export const sweepMs = 120_000;

/** AWS throttles calls: the pause doubles each time. */
export const throttled = { firstPauseMs: 500, longestPauseMs: 20_000 } as const;

/** A namespace that got no token for this long may use the reserve, however many tokens it has had before. */
export const withoutTokenMs = 2000;
