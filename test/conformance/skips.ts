/** Tests of claimed features that are not run, each with the reason why no ALB passes it. */
export const skips: Readonly<Record<string, string>> = {
  HTTPRouteRequestHeaderModifier: 'No action of an ALB sets, adds or removes a header of a request.',
};
