// A program that runs the Gateway API's own conformance suite, unmodified and with the flags that it has.
package main

import (
	"encoding/json"
	"fmt"
	"testing"

	"sigs.k8s.io/gateway-api/conformance"
	"sigs.k8s.io/gateway-api/conformance/utils/suite"
)

func main() {
	every := func(_, _ string) (bool, error) { return true, nil }
	testing.Main(every, []testing.InternalTest{{Name: "Conformance", F: run}}, nil, nil)
}

func run(t *testing.T) {
	options := conformance.DefaultOptions(t)
	options.Hook = tell
	conformance.RunConformanceWithOptions(t, options)
}

// tell prints how a test has ended, which Go's own output says only when all have, and which features it needs.
func tell(t *testing.T, test suite.ConformanceTest, _ *suite.ConformanceTestSuite) {
	line, err := json.Marshal(map[string]any{
		"ended":    test.ShortName,
		"failed":   t.Failed(),
		"skipped":  t.Skipped(),
		"features": test.Features,
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
}
