// Runs the Gateway API's own conformance suite, unmodified, with its own flags.
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

// tell prints the result and the features of a test at its end. Go's own output has the results only at the end of all tests.
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
