package inventory

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Clean makes i fit to be stored: what no text in Postgres can hold (NUL, bytes
// that are not UTF-8) becomes U+FFFD, times are cut to microseconds and left
// out when no calendar has them, an unset state is UNKNOWN, and details of the
// other kind are dropped. An odd label of one instance must not keep a scope
// from being known.
func (i *Instance) Clean() {
	i.cleanValues()
	i.cleanTexts()
}

// cleanValues cleans all but texts.
func (i *Instance) cleanValues() {
	i.CreateTime = cleanTime(i.CreateTime)
	// What the cloud may say of an instance never includes that it is gone.
	if i.State == "" || i.State == StateGone {
		i.State = StateUnknown
	}
	if i.Kind != VirtualMachine {
		i.VM = nil
	}
	if i.Kind != Database {
		i.DB = nil
	}
	if i.VM != nil {
		i.VM.StartTime = cleanTime(i.VM.StartTime)
	}
}

func (i *Instance) cleanTexts() {
	texts := []*string{&i.Account, &i.ProviderID, &i.ProviderURI, &i.DisplayName, &i.Region, &i.Zone,
		&i.ProviderState, &i.MachineType}
	if vm := i.VM; vm != nil {
		texts = append(texts, &vm.Image, &vm.Architecture, &vm.Platform, &vm.Network, &vm.Subnet, &vm.Hostname,
			&vm.AutoscalingGroup)
	}
	if db := i.DB; db != nil {
		texts = append(texts, &db.Engine, &db.EngineVersion, &db.Endpoint, &db.ReplicaOf, &db.Cluster, &db.Network)
	}
	for _, text := range texts {
		*text = CleanText(*text)
	}
	i.PrivateIPs = cleanList(i.PrivateIPs)
	i.PublicIPs = cleanList(i.PublicIPs)
	i.Labels = cleanLabels(i.Labels)
}

// Clean makes the words of a failure fit to be stored.
func (f *Failure) Clean() {
	f.Reason, f.Error = CleanText(f.Reason), CleanText(f.Error)
}

// CleanText makes a text fit to be stored, or compared to what is; see
// Instance.Clean.
func CleanText(s string) string {
	if isClean(s) {
		return s
	}
	s = strings.ToValidUTF8(s, string(utf8.RuneError))
	return strings.ReplaceAll(s, "\x00", string(utf8.RuneError))
}

func isClean(s string) bool {
	return strings.IndexByte(s, 0) < 0 && utf8.ValidString(s)
}

func cleanList(list []string) []string {
	if !slices.ContainsFunc(list, func(s string) bool { return !isClean(s) }) {
		return list
	}
	cleaned := make([]string, len(list))
	for n, s := range list {
		cleaned[n] = CleanText(s)
	}
	return cleaned
}

func cleanLabels(labels map[string]string) map[string]string {
	dirty := false
	for key, value := range labels {
		dirty = dirty || !isClean(key) || !isClean(value)
	}
	if !dirty {
		return labels
	}
	// Two keys may become one; the order decides which value stays, and must
	// be the same each time.
	keys := make([]string, 0, len(labels))
	for key := range labels {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	cleaned := make(map[string]string, len(labels))
	for _, key := range keys {
		cleaned[CleanText(key)] = CleanText(labels[key])
	}
	return cleaned
}

// The seconds of Unix time that RFC 3339 can write: the years 1 to 9999.
const (
	firstSecond = -62135596800
	lastSecond  = 253402300799
)

// cleanTime cuts to what Postgres keeps, and drops what RFC 3339 can't write.
func cleanTime(t time.Time) time.Time {
	if t.IsZero() || t.Unix() < firstSecond || t.Unix() > lastSecond {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}
