package clients

import (
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/timestamppb"

	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

// The limits of the contract, in bytes or numbers (instance.proto). Providers stay far below them.
// Longer values are cut, so that one odd instance does not prevent its scope from being read.
const (
	maxURI         = 2048
	maxName        = 1024
	maxMachineType = 256
	maxState       = 128
	maxPlace       = 64
	maxIPs         = 1024
	maxLabels      = 512
)

const accountPrefix = "accounts/"

func accountName(id string) string { return accountPrefix + id }

func accountID(name string) string { return strings.TrimPrefix(name, accountPrefix) }

// instanceOf returns an instance as a message, without account, provider and kind, which are those of
// its scope.
func instanceOf(i *provider.Instance) *inventoryv1.Instance {
	message := &inventoryv1.Instance{
		ProviderId:    i.ProviderID,
		ProviderUri:   cut(i.ProviderURI, maxURI),
		DisplayName:   cut(i.DisplayName, maxName),
		Location:      &commonv1.Location{Region: cut(i.Region, maxPlace), Zone: cut(i.Zone, maxPlace)},
		State:         inventoryv1.Instance_State(inventoryv1.Instance_State_value[string(i.State)]),
		ProviderState: cut(i.ProviderState, maxState),
		MachineType:   cut(i.MachineType, maxMachineType),
		PrivateIps:    texts(i.PrivateIPs, maxIPs),
		PublicIps:     texts(i.PublicIPs, maxIPs),
		Labels:        labels(i.Labels),
		CreateTime:    timeOf(i.CreateTime),
	}
	switch {
	case i.Machine != nil:
		message.Details = &inventoryv1.Instance_VirtualMachine{VirtualMachine: machineOf(i.Machine)}
	case i.Database != nil:
		message.Details = &inventoryv1.Instance_Database{Database: databaseOf(i.Database)}
	}
	return message
}

func machineOf(m *provider.MachineDetails) *inventoryv1.VirtualMachine {
	return &inventoryv1.VirtualMachine{
		Image:            valid(m.Image),
		Architecture:     valid(m.Architecture),
		Platform:         valid(m.Platform),
		Spot:             m.Spot,
		Network:          valid(m.Network),
		Subnet:           valid(m.Subnet),
		Hostname:         valid(m.Hostname),
		AutoscalingGroup: valid(m.AutoscalingGroup),
		StartTime:        timeOf(m.StartTime),
	}
}

func databaseOf(d *provider.DatabaseDetails) *inventoryv1.Database {
	return &inventoryv1.Database{
		Engine:           valid(d.Engine),
		EngineVersion:    valid(d.EngineVersion),
		StorageGib:       d.StorageGiB,
		Endpoint:         valid(d.Endpoint),
		Port:             d.Port,
		HighAvailability: d.HighAvailability,
		ReplicaOf:        valid(d.ReplicaOf),
		Cluster:          valid(d.Cluster),
		ClusterWriter:    d.ClusterWriter,
		Network:          valid(d.Network),
		AutoRestartTime:  timeOf(d.AutoRestartTime),
	}
}

// labels returns valid labels, up to the number that the contract allows: those that are first in
// alphabetical order, so that every observation has the same ones.
func labels(from map[string]string) map[string]string {
	to := make(map[string]string, min(len(from), maxLabels))
	if len(from) <= maxLabels {
		for key, value := range from {
			to[valid(key)] = valid(value)
		}
		return to
	}
	for _, key := range slices.Sorted(maps.Keys(from))[:maxLabels] {
		to[valid(key)] = valid(from[key])
	}
	return to
}

func texts(from []string, limit int) []string {
	to := make([]string, 0, min(len(from), limit))
	for _, text := range from[:min(len(from), limit)] {
		to = append(to, valid(text))
	}
	return to
}

// valid returns a text that protobuf accepts.
func valid(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

// cut returns a valid text of at most limit bytes.
func cut(text string, limit int) string {
	text = valid(text)
	if len(text) <= limit {
		return text
	}
	for !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}

// The years that a protobuf timestamp can hold (timestamp.proto).
const firstYear, lastYear = 1, 9999

func timeOf(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() || t.UTC().Year() < firstYear || t.UTC().Year() > lastYear {
		return nil
	}
	return timestamppb.New(t)
}
