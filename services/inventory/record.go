package inventory

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Record is an instance as a row of the database has it. Its texts are parts of the row that is being
// read, and are valid until the next row is read. Lists hand these to the transport, which encodes
// them without a copy of each text.
type Record struct {
	UID                                                          uuid.UUID
	Account, Provider, Kind                                      []byte
	ProviderID, ProviderURI, DisplayName                         []byte
	Region, Zone                                                 []byte
	State, ProviderState, MachineType                            []byte
	PrivateIPs, PublicIPs                                        [][]byte
	Labels                                                       []byte // JSON: an object of texts
	Details                                                      []byte // JSON: see AppendDetails
	CreateTime, FirstSeenTime, ChangeTime, ObserveTime, GoneTime time.Time
	Hash                                                         Hash
}

// Size returns about how many bytes the record takes in an answer.
func (r *Record) Size() int {
	const fixed = 256 // times, names and what separates them
	texts := len(r.Labels) + len(r.Details) + len(r.ProviderID) + len(r.ProviderURI) + len(r.DisplayName)
	for _, list := range [][][]byte{r.PrivateIPs, r.PublicIPs} {
		for _, text := range list {
			texts += len(text) + 2
		}
	}
	return fixed + texts
}

// Instance returns a copy of the record that stays valid.
func (r *Record) Instance() (Instance, error) {
	i := Instance{
		UID: r.UID, Account: string(r.Account), Provider: Provider(r.Provider), Kind: Kind(r.Kind),
		ProviderID: string(r.ProviderID), ProviderURI: string(r.ProviderURI), DisplayName: string(r.DisplayName),
		Region: string(r.Region), Zone: string(r.Zone), State: State(r.State),
		ProviderState: string(r.ProviderState), MachineType: string(r.MachineType),
		PrivateIPs: copyTexts(r.PrivateIPs), PublicIPs: copyTexts(r.PublicIPs),
		CreateTime: r.CreateTime, FirstSeenTime: r.FirstSeenTime, ChangeTime: r.ChangeTime,
		ObserveTime: r.ObserveTime, GoneTime: r.GoneTime, Hash: r.Hash,
	}
	if err := json.Unmarshal(r.Labels, &i.Labels); err != nil {
		return i, fmt.Errorf("read the labels of instance %s: %w", i.UID, err)
	}
	return i, ReadDetails(r.Details, &i)
}

func copyTexts(texts [][]byte) []string {
	list := make([]string, len(texts))
	for n, text := range texts {
		list[n] = string(text)
	}
	return list
}
