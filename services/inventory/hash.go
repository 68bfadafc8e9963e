package inventory

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Hash tells two contents of an instance apart: the first half of a SHA-256, so
// that nobody who may choose labels can make a change that goes unnoticed.
type Hash [16]byte

// Hasher makes content hashes, reusing its buffers. Not for concurrent use.
type Hasher struct {
	buf    []byte
	labels []label
}

type label struct{ key, value string }

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
	tagDBAutoRestartTime
)

// Content makes i clean (see Instance.Clean) and returns the hash of what an
// observation brought of it. The order of labels has no part in it; that of
// addresses has, as the first one is the primary one.
func (h *Hasher) Content(i *Instance) Hash {
	i.cleanValues()
	h.encode(i)
	// All that is not the instance's own text is ASCII and not NUL, so that one
	// look at the whole tells what else would take one at each text.
	if bytes.IndexByte(h.buf, 0) >= 0 || !utf8.Valid(h.buf) {
		i.cleanTexts()
		h.encode(i)
	}
	sum := sha256.Sum256(h.buf)
	return Hash(sum[:len(Hash{})])
}

func (h *Hasher) encode(i *Instance) {
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
		h.some(tagPrivateIP, ip)
	}
	for _, ip := range i.PublicIPs {
		h.some(tagPublicIP, ip)
	}
	h.pairs(i.Labels)
	h.time(tagCreateTime, i.CreateTime)
	h.vm(i.VM)
	h.db(i.DB)
}

func (h *Hasher) pairs(labels map[string]string) {
	h.labels = h.labels[:0]
	for key, value := range labels {
		h.labels = append(h.labels, label{key, value})
	}
	slices.SortFunc(h.labels, func(a, b label) int { return strings.Compare(a.key, b.key) })
	for _, l := range h.labels {
		h.some(tagLabelKey, l.key)
		h.text(tagLabelValue, l.value)
	}
}

func (h *Hasher) vm(vm *VMDetails) {
	if vm == nil {
		return
	}
	h.flag(tagVM, true)
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
	h.flag(tagDB, true)
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
	h.time(tagDBAutoRestartTime, db.AutoRestartTime)
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
	h.buf = appendNumber(append(h.buf, tag), uint64(len(value)))
	h.buf = append(h.buf, value...)
}

func (h *Hasher) number(tag byte, value int64) {
	if value != 0 {
		h.buf = appendNumber(append(h.buf, tag), uint64(value))
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
		h.buf = appendNumber(append(h.buf, tag), uint64(value.UnixMicro()))
	}
}

// appendNumber appends a number, five bits a byte, the lowest first; the last byte
// differs from the others. All are letters and signs of ASCII.
func appendNumber(b []byte, value uint64) []byte {
	for value >= 1<<5 {
		b = append(b, byte(value&0x1f)|0x60)
		value >>= 5
	}
	return append(b, byte(value)|0x40)
}
