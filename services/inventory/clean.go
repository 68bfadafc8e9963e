package inventory

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Clean makes i fit to be stored, so that one odd label does not keep a whole scope from being
// observed. Bytes that no text in Postgres can hold (NUL, invalid UTF-8) become U+FFFD. Times are cut
// to microseconds and dropped if RFC 3339 can't write them. An unset state becomes UNKNOWN. Details
// of another kind are dropped.
func (i *Instance) Clean() {
	i.cleanValues()
	i.cleanTexts()
}

// cleanValues cleans everything but texts.
func (i *Instance) cleanValues() {
	// GONE is Rollcall's conclusion and never the provider's.
	if i.State == "" || i.State == StateGone {
		i.State = StateUnknown
	}
	if i.Kind != VirtualMachine {
		i.VM = nil
	}
	if i.Kind != Database {
		i.DB = nil
	}
	for section, fields := range timeFields {
		if !Section(section).In(i) {
			continue
		}
		for _, f := range fields {
			at := f.pointer(i).(*time.Time)
			*at = cleanTime(*at)
		}
	}
}

// timeFields are the content fields that are times, by section.
var timeFields = splitTable(table, func(f *Field) bool { return f.Role == Content && f.Type == Time })

// cleanTexts cleans the texts of all fields that are stored.
func (i *Instance) cleanTexts() {
	for _, f := range table {
		switch value := f.Pointer(i).(type) {
		case *string:
			*value = CleanText(*value)
		case *[]string:
			*value = cleanList(*value)
		case *map[string]string:
			*value = cleanLabels(*value)
		}
	}
}

// Clean makes the texts of a failure fit to be stored.
func (f *Failure) Clean() {
	f.Reason, f.Error = CleanText(f.Reason), CleanText(f.Error)
}

// CleanText makes a text fit to be stored, or to be compared with a stored one. See Instance.Clean.
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
	// Two keys may become equal. The keys are sorted so that the same value wins each time.
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

// The range of Unix time that RFC 3339 can write: the years 1 to 9999.
const (
	firstSecond = -62135596800
	lastSecond  = 253402300799
)

// cleanTime cuts t to microseconds, the precision of Postgres. It returns the zero time for a time
// that RFC 3339 can't write.
func cleanTime(t time.Time) time.Time {
	if t.IsZero() || t.Unix() < firstSecond || t.Unix() > lastSecond {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}
