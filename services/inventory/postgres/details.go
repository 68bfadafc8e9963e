package postgres

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// details is the column details. Its names are those of the contract's JSON
// form. Empty texts and unset times are left out; numbers and flags are not, so
// that `virtualMachine.spot = false` finds virtual machines and no databases.
type details struct {
	VM *vmDetails `json:"virtualMachine"`
	DB *dbDetails `json:"database"`
}

type vmDetails struct {
	Image            string    `json:"image"`
	Architecture     string    `json:"architecture"`
	Platform         string    `json:"platform"`
	Spot             bool      `json:"spot"`
	Network          string    `json:"network"`
	Subnet           string    `json:"subnet"`
	Hostname         string    `json:"hostname"`
	AutoscalingGroup string    `json:"autoscalingGroup"`
	StartTime        time.Time `json:"startTime"`
}

type dbDetails struct {
	Engine           string    `json:"engine"`
	EngineVersion    string    `json:"engineVersion"`
	StorageGiB       int64     `json:"storageGib"`
	Endpoint         string    `json:"endpoint"`
	Port             int32     `json:"port"`
	HighAvailability bool      `json:"highAvailability"`
	ReplicaOf        string    `json:"replicaOf"`
	Cluster          string    `json:"cluster"`
	ClusterWriter    bool      `json:"clusterWriter"`
	Network          string    `json:"network"`
	AutoRestartTime  time.Time `json:"autoRestartTime"`
}

// appendDetails appends the details as jsonb. By hand: it runs for every row of
// a first read, where encoding/json would be the largest part.
func appendDetails(b []byte, i *inventory.Instance) []byte {
	b, start := beginJSON(b)
	if vm := i.VM; vm != nil {
		b = append(jsonMember(b, "virtualMachine"), '{')
		b = jsonText(b, "image", vm.Image)
		b = jsonText(b, "architecture", vm.Architecture)
		b = jsonText(b, "platform", vm.Platform)
		b = jsonBool(b, "spot", vm.Spot)
		b = jsonText(b, "network", vm.Network)
		b = jsonText(b, "subnet", vm.Subnet)
		b = jsonText(b, "hostname", vm.Hostname)
		b = jsonText(b, "autoscalingGroup", vm.AutoscalingGroup)
		if !vm.StartTime.IsZero() {
			b = append(jsonMember(b, "startTime"), '"')
			b = append(vm.StartTime.AppendFormat(b, time.RFC3339Nano), '"')
		}
		b = append(b, '}')
	}
	if db := i.DB; db != nil {
		b = append(jsonMember(b, "database"), '{')
		b = jsonText(b, "engine", db.Engine)
		b = jsonText(b, "engineVersion", db.EngineVersion)
		b = jsonInt(b, "storageGib", db.StorageGiB)
		b = jsonText(b, "endpoint", db.Endpoint)
		b = jsonInt(b, "port", int64(db.Port))
		b = jsonBool(b, "highAvailability", db.HighAvailability)
		b = jsonText(b, "replicaOf", db.ReplicaOf)
		b = jsonText(b, "cluster", db.Cluster)
		b = jsonBool(b, "clusterWriter", db.ClusterWriter)
		b = jsonText(b, "network", db.Network)
		if !db.AutoRestartTime.IsZero() {
			b = append(jsonMember(b, "autoRestartTime"), '"')
			b = append(db.AutoRestartTime.AppendFormat(b, time.RFC3339Nano), '"')
		}
		b = append(b, '}')
	}
	return endJSON(b, start)
}

// readDetails fills in the details of i.
func readDetails(text []byte, i *inventory.Instance) error {
	var d details
	if err := json.Unmarshal(text, &d); err != nil {
		return fmt.Errorf("read the details of instance %s: %w", i.UID, err)
	}
	if d.VM != nil {
		i.VM = new(inventory.VMDetails(*d.VM))
	}
	if d.DB != nil {
		i.DB = new(inventory.DBDetails(*d.DB))
	}
	return nil
}
