/** What serves a port: an ALB or an NLB. */
export type Plane = 'alb' | 'nlb';
