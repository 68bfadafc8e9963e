package cloudsim_test

import (
	"testing"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	"github.com/rollcall-dev/rollcall/services/cloudsim/aws"
	"github.com/rollcall-dev/rollcall/services/cloudsim/gcp"
)

// TestDemo keeps the demo company to the size that its description promises.
func TestDemo(t *testing.T) {
	w := aws.In(cloudsim.New(cloudsim.Demo(1, aws.Demo(), gcp.Demo())))
	machines, databases, clusters, spot, stopped := 0, 0, 0, 0, 0
	for _, id := range w.Accounts() {
		truth, err := w.Truth(id)
		if err != nil {
			t.Fatal(err)
		}
		machines += len(truth.Instances)
		databases += len(truth.Databases)
		clusters += len(truth.Clusters)
		for _, m := range truth.Instances {
			if m.Spot {
				spot++
			}
			if m.State == aws.Stopped {
				stopped++
			}
		}
	}
	if len(w.Accounts()) != 5 || machines < 300 || machines > 600 || databases < 30 || clusters < 5 || spot < 20 || stopped < 10 {
		t.Errorf("%d machines (%d spot, %d stopped), %d databases, %d clusters", machines, spot, stopped, databases, clusters)
	}
}
