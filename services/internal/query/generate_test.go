package query_test

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"pgregory.net/rapid"
)

// Few values, so that they meet, among them values that have a meaning in filters, in LIKE, in SQL
// or in JSON.
var (
	texts = []string{
		"", "web", "Web", "web-1", "WEB", "eu-west-1a", "x%", "a_b", "axb", `x\y`, `\`, `"q"`, "it's", "é", "É", "日本",
		"*", "web*", "*web", "10.0.0.1", "AND", "or", "a b", "$1", "--", "'; DROP TABLE things", "{}", "line\nline", "😀",
	}
	keys      = []string{"team", "Team", "kubernetes.io/name", "a b", `"`, "é", "AND", "1", "'", "x-y"}
	addresses = []string{"10.0.0.1", "10.0.0.12", "fe80::1", "web", `a"b`, ""}
	states    = []string{"RUNNING", "STOPPED", "GONE"}
	modes     = []string{"FAST", "SLOW"}
	numbers   = []int64{-5, 0, 1, 8, 2147483647}
	moments   = []time.Time{
		time.Date(1969, 7, 20, 20, 17, 40, 0, time.UTC),
		time.Date(2026, 1, 31, 15, 4, 5, 0, time.UTC),
		time.Date(2026, 1, 31, 15, 4, 5, 1000, time.UTC),
		time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC),
	}
	spans = []time.Duration{-time.Second, 0, 20 * time.Second, 90 * time.Minute, 1200 * time.Millisecond, 31 * 24 * time.Hour}
)

func maybe[T any](of *rapid.Generator[T]) *rapid.Generator[*T] { return rapid.Ptr(of, true) }

// newThing draws a thing. Its UID has random bits, so that it is unique.
func newThing(t *rapid.T) thing {
	bits := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "uid")
	text := rapid.SampledFrom(texts)
	labels := rapid.MapOfN(rapid.SampledFrom(keys), text, 0, 3)
	return thing{
		UID:          fmt.Sprintf("%x-%x-%x-%x-%x", bits[:4], bits[4:6], bits[6:8], bits[8:10], bits[10:]),
		Account:      rapid.SampledFrom([]string{"aws-1", "aws-2", "gcp-x"}).Draw(t, "account"),
		DisplayName:  text.Draw(t, "display_name"),
		Zone:         maybe(text).Draw(t, "zone"),
		State:        rapid.SampledFrom(states).Draw(t, "state"),
		Mode:         maybe(rapid.SampledFrom(modes)).Draw(t, "mode"),
		Paused:       rapid.Bool().Draw(t, "paused"),
		Spot:         maybe(rapid.Bool()).Draw(t, "spot"),
		Port:         int32(rapid.SampledFrom(numbers).Draw(t, "port")),
		StorageGiB:   maybe(rapid.SampledFrom(numbers)).Draw(t, "storage_gib"),
		CreateTime:   rapid.SampledFrom(moments).Draw(t, "create_time"),
		GoneTime:     maybe(rapid.SampledFrom(moments)).Draw(t, "gone_time"),
		SyncInterval: rapid.SampledFrom(spans).Draw(t, "sync_interval"),
		Grace:        maybe(rapid.SampledFrom(spans)).Draw(t, "grace"),
		Labels:       labels.Draw(t, "labels"),
		Marks:        rapid.OneOf(labels, rapid.Just[map[string]string](nil)).Draw(t, "marks"),
		PrivateIPs:   rapid.SliceOfN(rapid.SampledFrom(addresses), 0, 2).Draw(t, "private_ips"),
		PublicIPs: rapid.OneOf(rapid.SliceOfN(rapid.SampledFrom(addresses), 0, 2),
			rapid.Just[[]string](nil)).Draw(t, "public_ips"),
	}
}

func newThings(t *rapid.T, most int) []thing {
	return rapid.SliceOfNDistinct(rapid.Custom(newThing), 0, most, func(r thing) string { return r.UID }).Draw(t, "things")
}

// newWish draws a filter of limited depth, about things that may be among these.
func newWish(t *rapid.T, levels int, among []thing) wish {
	if levels == 0 {
		return newAsk(t, among)
	}
	several := func() []wish {
		all := make([]wish, rapid.IntRange(2, 3).Draw(t, "kids"))
		for i := range all {
			all[i] = newWish(t, levels-1, among)
		}
		return all
	}
	switch rapid.IntRange(0, 4).Draw(t, "node") {
	case 0:
		return allOf(several())
	case 1:
		return anyOf(several())
	case 2:
		return noneOf{newWish(t, levels-1, among)}
	default:
		return newAsk(t, among)
	}
}

// write returns a wish as a filter. Parentheses are omitted where precedence allows it.
func write(t *rapid.T, w wish) string {
	switch w := w.(type) {
	case ask:
		return w.text
	case noneOf:
		sign := rapid.SampledFrom([]string{"NOT ", "-", "NOT\t", "NOT"}).Draw(t, "not")
		inner := write(t, w.of)
		if _, single := w.of.(ask); !single || sign == "NOT" || strings.HasPrefix(inner, "-") {
			inner = "(" + inner + ")"
		}
		return sign + inner
	case allOf:
		parts := make([]string, len(w))
		for i, kid := range w {
			parts[i] = write(t, kid)
			if _, same := kid.(allOf); same && rapid.Bool().Draw(t, "parentheses") {
				parts[i] = " ( " + parts[i] + ")"
			}
		}
		and := rapid.SampledFrom([]string{" AND ", " ", "  ", "\nAND\n"})
		text := parts[0]
		for _, part := range parts[1:] {
			text += and.Draw(t, "and") + part
		}
		return text
	case anyOf:
		parts := make([]string, len(w))
		for i, kid := range w {
			parts[i] = write(t, kid)
			if _, all := kid.(allOf); all {
				parts[i] = "(" + parts[i] + ")"
			}
		}
		return strings.Join(parts, rapid.SampledFrom([]string{" OR ", "  OR\t"}).Draw(t, "or"))
	}
	panic(fmt.Sprintf("%T", w))
}

// newAsk draws one comparison.
func newAsk(t *rapid.T, among []thing) ask {
	kinds := []func(*rapid.T) ask{
		askText, askText, askPattern, askEnum, askBool, askNumber, askMoment, askSpan, askMap, askMap, askList, askWord, askComposite,
	}
	if len(among) > 0 && rapid.IntRange(0, 9).Draw(t, "name") == 0 {
		uid := rapid.SampledFrom(among).Draw(t, "of").UID
		return ask{"name = things/" + uid, func(r thing) bool { return r.UID == uid }}
	}
	return rapid.SampledFrom(kinds).Draw(t, "ask")(t)
}

// compare returns a comparator with the blanks around it.
func compare(t *rapid.T, ops ...string) (op, spaced string) {
	op = rapid.SampledFrom(ops).Draw(t, "op")
	blank := rapid.SampledFrom([]string{"", " "})
	return op, blank.Draw(t, "before") + op + blank.Draw(t, "after")
}

var ordered = []string{"=", "!=", "<", "<=", ">", ">="}

// textFields are the fields of type String.
var textFields = map[string]func(thing) *string{
	"account":      func(r thing) *string { return &r.Account },
	"display_name": func(r thing) *string { return &r.DisplayName },
	"displayName":  func(r thing) *string { return &r.DisplayName },
	"location.zone": func(r thing) *string {
		return r.Zone
	},
}

func field[T any](t *rapid.T, of map[string]T) (string, T) {
	names := make([]string, 0, len(of))
	for name := range of {
		names = append(names, name)
	}
	slices.Sort(names)
	name := rapid.SampledFrom(names).Draw(t, "field")
	return name, of[name]
}

func askText(t *rapid.T) ask {
	name, get := field(t, textFields)
	value := rapid.SampledFrom(append([]string{"aws-1"}, texts...)).Draw(t, "value")
	written := quote(t, value)
	if name == "account" && rapid.Bool().Draw(t, "prefix") {
		written = quote(t, "accounts/"+value)
	}
	op, spaced := compare(t, append(ordered, ":", ":", ":")...)
	if op == ":" { // what LIKE gives a meaning
		value = rapid.SampledFrom([]string{value, "x%", "a_b", `\`, "e", "1"}).Draw(t, "part")
		written = quote(t, value)
	}
	if op == ":" && value == "" {
		return ask{name + ":*", func(r thing) bool { return textOf(get(r)) != "" }}
	}
	return ask{name + spaced + written, func(r thing) bool { return textHolds(op, get(r), value) }}
}

// askPattern draws a comparison with wildcards.
func askPattern(t *rapid.T) ask {
	name, get := field(t, textFields)
	core := rapid.SampledFrom(texts[1:]).Filter(func(s string) bool { return !strings.Contains(s, "*") }).Draw(t, "core")
	ends := rapid.SampledFrom([][2]string{{"*", ""}, {"", "*"}, {"*", "*"}}).Draw(t, "ends")
	op, spaced := compare(t, "=", "!=", ":")
	quoted := `"` + ends[0] + escape(core) + ends[1] + `"`
	return ask{name + spaced + quoted, func(r thing) bool {
		text, part := textOf(get(r)), core
		if op == ":" {
			text, part = lower(text), lower(part)
		}
		return affix(text, part, ends[0] != "", ends[1] != "") == (op != "!=")
	}}
}

func askEnum(t *rapid.T) ask {
	op, spaced := compare(t, "=", "!=", ":")
	if rapid.Bool().Draw(t, "state") {
		value := rapid.SampledFrom(states).Draw(t, "value")
		return ask{"state" + spaced + quote(t, value), func(r thing) bool { return (r.State == value) == (op != "!=") }}
	}
	value := rapid.SampledFrom(append(modes, "*")).Draw(t, "value")
	if value == "*" {
		return ask{"mode:*", func(r thing) bool { return r.Mode != nil }}
	}
	return ask{"mode" + spaced + quote(t, value), func(r thing) bool { return (textOf(r.Mode) == value) == (op != "!=") }}
}

func askBool(t *rapid.T) ask {
	op, spaced := compare(t, "=", "!=", ":")
	value := rapid.Bool().Draw(t, "value")
	switch rapid.IntRange(0, 3).Draw(t, "bool") {
	case 0:
		return ask{"paused", func(r thing) bool { return r.Paused }}
	case 1:
		return ask{"virtualMachine.spot", func(r thing) bool { return r.Spot != nil && *r.Spot }}
	case 2:
		return ask{fmt.Sprint("paused", spaced, value), func(r thing) bool { return (r.Paused == value) == (op != "!=") }}
	default:
		return ask{fmt.Sprint("virtual_machine.spot", spaced, value), func(r thing) bool {
			return (r.Spot != nil && *r.Spot == value) == (op != "!=")
		}}
	}
}

func askNumber(t *rapid.T) ask {
	op, spaced := compare(t, ordered...)
	value := rapid.SampledFrom(append([]int64{1 << 40, -1 << 63}, numbers...)).Draw(t, "value")
	written := fmt.Sprint(value)
	if value > 0 && rapid.Bool().Draw(t, "hex") {
		written = fmt.Sprintf("0x%x", value)
	}
	if rapid.Bool().Draw(t, "port") {
		return ask{"port" + spaced + written, func(r thing) bool {
			port := int64(r.Port)
			return holds(op, &port, value, cmp.Compare)
		}}
	}
	return ask{"storageGib" + spaced + written, func(r thing) bool { return holds(op, r.StorageGiB, value, cmp.Compare) }}
}

func askMoment(t *rapid.T) ask {
	if rapid.IntRange(0, 5).Draw(t, "present") == 0 {
		return ask{"gone_time:*", func(r thing) bool { return r.GoneTime != nil }}
	}
	op, spaced := compare(t, ordered...)
	value := rapid.SampledFrom(moments).Draw(t, "value")
	zone := time.FixedZone("", rapid.SampledFrom([]int{0, 2 * 3600, -9*3600 - 1800}).Draw(t, "zone"))
	written := value.In(zone).Format(time.RFC3339Nano)
	if value.In(zone).Year() > 9999 {
		written = value.Format(time.RFC3339Nano)
	}
	form := rapid.SampledFrom([]string{"%s", "%q", "timestamp(%q)", "timestamp( %s )"}).Draw(t, "form")
	name, get := field(t, map[string]func(thing) *time.Time{
		"createTime": func(r thing) *time.Time { return &r.CreateTime },
		"gone_time":  func(r thing) *time.Time { return r.GoneTime },
	})
	return ask{name + spaced + fmt.Sprintf(form, written), func(r thing) bool {
		return holds(op, get(r), value, time.Time.Compare)
	}}
}

func askSpan(t *rapid.T) ask {
	op, spaced := compare(t, ordered...)
	value := rapid.SampledFrom(spans).Draw(t, "value")
	written := rapid.SampledFrom([]string{value.String(), strconv.FormatFloat(value.Seconds(), 'f', -1, 64) + "s"}).Draw(t, "written")
	form := rapid.SampledFrom([]string{"%s", "%q", "duration(%q)"}).Draw(t, "form")
	name, get := field(t, map[string]func(thing) *time.Duration{
		"syncInterval": func(r thing) *time.Duration { return &r.SyncInterval },
		"grace":        func(r thing) *time.Duration { return r.Grace },
	})
	return ask{name + spaced + fmt.Sprintf(form, written), func(r thing) bool { return holds(op, get(r), value, cmp.Compare) }}
}

func askMap(t *rapid.T) ask {
	name, get := field(t, map[string]func(thing) map[string]string{
		"labels": func(r thing) map[string]string { return r.Labels },
		"marks":  func(r thing) map[string]string { return r.Marks },
	})
	key := rapid.SampledFrom(keys).Draw(t, "key")
	path := name + "." + quote(t, key)
	value := rapid.SampledFrom(texts).Draw(t, "value")
	switch rapid.IntRange(0, 5).Draw(t, "map") {
	case 0:
		return ask{name + ":*", func(r thing) bool { return len(get(r)) > 0 }}
	case 1:
		return ask{name + ":" + quote(t, key), func(r thing) bool { return labelOf(get(r), key) != nil }}
	case 2:
		return ask{path + ":*", func(r thing) bool { return labelOf(get(r), key) != nil }}
	case 3:
		first := string([]rune(key)[:1])
		return ask{name + `:"` + escape(first) + `*"`, func(r thing) bool {
			for held := range get(r) {
				if strings.HasPrefix(held, first) {
					return true
				}
			}
			return false
		}}
	case 4:
		core := rapid.SampledFrom([]string{"we", "x", `\`, "_"}).Draw(t, "core")
		return ask{path + ` = "` + escape(core) + `*"`, func(r thing) bool {
			held := labelOf(get(r), key)
			return held != nil && strings.HasPrefix(*held, core)
		}}
	}
	op, spaced := compare(t, append(ordered, ":")...)
	if op == ":" && value == "" {
		value = "w"
	}
	return ask{path + spaced + quote(t, value), func(r thing) bool {
		held := labelOf(get(r), key)
		if held == nil {
			return op == "!="
		}
		return textHolds(op, held, value)
	}}
}

func askList(t *rapid.T) ask {
	name, get := field(t, map[string]func(thing) []string{
		"privateIps": func(r thing) []string { return r.PrivateIPs },
		"public_ips": func(r thing) []string { return r.PublicIPs },
	})
	value := rapid.SampledFrom(addresses[:5]).Draw(t, "value")
	switch rapid.IntRange(0, 2).Draw(t, "list") {
	case 0:
		return ask{name + ":*", func(r thing) bool { return len(get(r)) > 0 }}
	case 1:
		return ask{name + `:"` + escape(value) + `*"`, func(r thing) bool {
			return slices.ContainsFunc(get(r), func(s string) bool { return strings.HasPrefix(s, value) })
		}}
	default:
		return ask{name + ":" + quote(t, value), func(r thing) bool { return slices.Contains(get(r), value) }}
	}
}

// askWord searches for a word in all search fields.
func askWord(t *rapid.T) ask {
	word := rapid.SampledFrom(texts[1:]).Filter(func(s string) bool { return !strings.Contains(s, "*") }).Draw(t, "word")
	open := rapid.SampledFrom([]string{"", "*"}).Draw(t, "open")
	written := quote(t, word)
	if open != "" {
		written = `"` + escape(word) + `*"`
	}
	return ask{written, func(r thing) bool {
		all := append([]string{r.DisplayName, textOf(r.Zone)}, r.PrivateIPs...)
		return slices.ContainsFunc(all, func(s string) bool { return affix(lower(s), lower(word), open == "", true) })
	}}
}

// askComposite has several values for one field: state = (RUNNING OR GONE).
func askComposite(t *rapid.T) ask {
	a, b := rapid.SampledFrom(states).Draw(t, "a"), rapid.SampledFrom(states).Draw(t, "b")
	switch rapid.IntRange(0, 2).Draw(t, "composite") {
	case 0:
		return ask{"state = (" + a + " OR " + b + ")", func(r thing) bool { return r.State == a || r.State == b }}
	case 1:
		return ask{"state != ( " + a + " OR (" + b + ") )", func(r thing) bool { return r.State != a && r.State != b }}
	default:
		return ask{"state = (NOT " + a + " AND -" + b + ")", func(r thing) bool { return r.State != a && r.State != b }}
	}
}

// escape escapes a text for double quotes.
func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "*", `\*`, "\n", `\n`).Replace(s)
}

// quote quotes a value, unless it needs no quotes and none are drawn.
func quote(t *rapid.T, s string) string {
	plain := s != "" && !strings.ContainsAny(s, " ()=,<>!:\n*\"'") && s[0] != '-' && !slices.Contains([]string{"AND", "or"}, s)
	switch {
	case plain && rapid.Bool().Draw(t, "bare"):
		return s
	case rapid.Bool().Draw(t, "single"):
		return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "*", `\*`).Replace(s) + "'"
	default:
		return `"` + escape(s) + `"`
	}
}
