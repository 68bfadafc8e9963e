package inventory

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"time"
)

// Hash tells two contents of an instance apart: the first half of a SHA-256, so
// that nobody who may choose labels can make a change that goes unnoticed.
type Hash [16]byte

// Hasher makes content hashes, reusing its buffers. Not for concurrent use.
type Hasher struct {
	buf  []byte
	keys []string
}

// The tags of the fields in what is hashed. A field that is empty is left out:
// hashes stay as they are when a version of Rollcall adds a field. Never give a
// number to another field.
const (
	tagProviderURI = iota + 1
	tagDisplayName
	tagRegion
	tagZone
	tagState
	tagProviderState
	tagMachineType
	tagPrivateIP
	tagPublicIP
	tagLabelKey
	tagLabelValue
	tagCreateTime
	tagVM
	tagVMImage
	tagVMArchitecture
	tagVMPlatform
	tagVMSpot
	tagVMNetwork
	tagVMSubnet
	tagVMHostname
	tagVMAutoscalingGroup
	tagVMStartTime
	tagDB
	tagDBEngine
	tagDBEngineVersion
	tagDBStorage
	tagDBEndpoint
	tagDBPort
	tagDBHighAvailability
	tagDBReplicaOf
	tagDBCluster
	tagDBClusterWriter
	tagDBNetwork
	tagProvider
)

// Content is the hash of what an observation brought of i, which must be clean
// (see Instance.Clean). The order of labels has no part in it; that of
// addresses has, as the first one is the primary one.
func (h *Hasher) Content(i *Instance) Hash {
	h.buf = h.buf[:0]
	h.text(tagProvider, string(i.Provider))
	h.text(tagProviderURI, i.ProviderURI)
	h.text(tagDisplayName, i.DisplayName)
	h.text(tagRegion, i.Region)
	h.text(tagZone, i.Zone)
	h.text(tagState, string(i.State))
	h.text(tagProviderState, i.ProviderState)
	h.text(tagMachineType, i.MachineType)
	for _, ip := range i.PrivateIPs {
		h.text(tagPrivateIP, ip)
	}
	for _, ip := range i.PublicIPs {
		h.text(tagPublicIP, ip)
	}
	h.labels(i.Labels)
	h.time(tagCreateTime, i.CreateTime)
	h.vm(i.VM)
	h.db(i.DB)
	sum := sha256.Sum256(h.buf)
	return Hash(sum[:len(Hash{})])
}

func (h *Hasher) labels(labels map[string]string) {
	h.keys = h.keys[:0]
	for key := range labels {
		h.keys = append(h.keys, key)
	}
	slices.Sort(h.keys)
	for _, key := range h.keys {
		h.some(tagLabelKey, key)
		h.text(tagLabelValue, labels[key])
	}
}

func (h *Hasher) vm(vm *VMDetails) {
	if vm == nil {
		return
	}
	h.some(tagVM, "")
	h.text(tagVMImage, vm.Image)
	h.text(tagVMArchitecture, vm.Architecture)
	h.text(tagVMPlatform, vm.Platform)
	h.flag(tagVMSpot, vm.Spot)
	h.text(tagVMNetwork, vm.Network)
	h.text(tagVMSubnet, vm.Subnet)
	h.text(tagVMHostname, vm.Hostname)
	h.text(tagVMAutoscalingGroup, vm.AutoscalingGroup)
	h.time(tagVMStartTime, vm.StartTime)
}

func (h *Hasher) db(db *DBDetails) {
	if db == nil {
		return
	}
	h.some(tagDB, "")
	h.text(tagDBEngine, db.Engine)
	h.text(tagDBEngineVersion, db.EngineVersion)
	h.number(tagDBStorage, db.StorageGiB)
	h.text(tagDBEndpoint, db.Endpoint)
	h.number(tagDBPort, int64(db.Port))
	h.flag(tagDBHighAvailability, db.HighAvailability)
	h.text(tagDBReplicaOf, db.ReplicaOf)
	h.text(tagDBCluster, db.Cluster)
	h.flag(tagDBClusterWriter, db.ClusterWriter)
	h.text(tagDBNetwork, db.Network)
}

// text adds a field unless it is empty.
func (h *Hasher) text(tag byte, value string) {
	if value != "" {
		h.some(tag, value)
	}
}

// some adds a field, also an empty one; its length keeps it from running into
// the next.
func (h *Hasher) some(tag byte, value string) {
	h.buf = append(h.buf, tag)
	h.buf = binary.AppendUvarint(h.buf, uint64(len(value)))
	h.buf = append(h.buf, value...)
}

func (h *Hasher) number(tag byte, value int64) {
	if value != 0 {
		h.buf = append(h.buf, tag)
		h.buf = binary.AppendVarint(h.buf, value)
	}
}

func (h *Hasher) flag(tag byte, value bool) {
	if value {
		h.buf = append(h.buf, tag)
	}
}

// time adds a time unless it is unset. 1970 began at 0, which is not unset.
func (h *Hasher) time(tag byte, value time.Time) {
	if !value.IsZero() {
		h.buf = append(h.buf, tag)
		h.buf = binary.AppendVarint(h.buf, value.UnixMicro())
	}
}
