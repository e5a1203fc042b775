// Package conformance runs the Gateway API's own conformance suite, as it is, with the flags that it has.
package conformance

import (
	"testing"

	"sigs.k8s.io/gateway-api/conformance"
)

func TestConformance(t *testing.T) {
	conformance.RunConformance(t)
}
