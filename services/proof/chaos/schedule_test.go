package chaos

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// step is one action of a schedule. Its numbers pick the target among those that exist when it
// runs.
type step struct {
	kind    stepKind
	a, b, c int
}

func (s step) String() string { return fmt.Sprintf("%s(%d,%d,%d)", s.kind, s.a, s.b, s.c) }

type stepKind string

// The kinds of steps.
const (
	launch    stepKind = "launch"
	terminate stepKind = "terminate"
	toggle    stepKind = "stop-or-start"
	resize    stepKind = "resize"
	retag     stepKind = "retag"
	rename    stepKind = "rename"
	moveName  stepKind = "move-name"
	wipe      stepKind = "delete-all"
	churn     stepKind = "churn"

	inject      stepKind = "fault"
	falseAnswer stepKind = "false-answer"
	endFault    stepKind = "end-fault"
	signIn      stepKind = "credentials"

	killWorker      stepKind = "kill-discovery"
	freezeWorker    stepKind = "freeze-discovery"
	killInventory   stepKind = "kill-inventory"
	freezeInventory stepKind = "freeze-inventory"
	killAccounts    stepKind = "kill-accounts"
	killPostgres    stepKind = "kill-postgres"
	thaw            stepKind = "thaw"

	pause         stepKind = "pause-or-resume"
	toggleAccount stepKind = "remove-or-add-account"
	narrow        stepKind = "narrow-or-widen"
	syncNow       stepKind = "sync"
	kick          stepKind = "ask-for-sync"
	confirm       stepKind = "confirm-hold"
	operate       stepKind = "start-or-stop-by-rollcall"

	cutWatch stepKind = "cut-watcher"
	newWatch stepKind = "new-watcher"
)

var weights = []struct {
	kind   stepKind
	weight int
}{
	{launch, 10}, {terminate, 8}, {toggle, 8}, {resize, 4}, {retag, 8}, {rename, 4}, {moveName, 5}, {wipe, 2}, {churn, 8},
	{inject, 14}, {falseAnswer, 8}, {endFault, 6}, {signIn, 3},
	{killWorker, 6}, {freezeWorker, 4}, {killInventory, 3}, {freezeInventory, 1}, {killAccounts, 2}, {killPostgres, 1}, {thaw, 4},
	{pause, 2}, {toggleAccount, 2}, {narrow, 2}, {syncNow, 26}, {kick, 12}, {confirm, 1}, {operate, 8},
	{cutWatch, 6}, {newWatch, 3},
}

// schedule returns the steps of a scenario, which follow from its seed.
func schedule(seed uint64, steps int) []step {
	rng := rand.New(rand.NewPCG(seed, 0xc4a05))
	total := 0
	for _, w := range weights {
		total += w.weight
	}
	all := make([]step, steps)
	for i := range all {
		dice := rng.IntN(total)
		kind := weights[0].kind
		for _, w := range weights {
			if kind = w.kind; dice < w.weight {
				break
			}
			dice -= w.weight
		}
		all[i] = step{kind, rng.IntN(1 << 16), rng.IntN(1 << 16), rng.IntN(1 << 16)}
	}
	return all
}

// selection holds the indexes of the steps to run; nil is all.
type selection []int

// String returns the form that parseSelection parses: `0-3,7`.
func (s selection) String() string {
	var parts []string
	for i := 0; i < len(s); {
		j := i
		for j+1 < len(s) && s[j+1] == s[j]+1 {
			j++
		}
		part := strconv.Itoa(s[i])
		if j > i {
			part += "-" + strconv.Itoa(s[j])
		}
		parts = append(parts, part)
		i = j + 1
	}
	return strings.Join(parts, ",")
}

func parseSelection(text string) (selection, error) {
	var s selection
	if text == "" {
		return nil, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		first, last, ranged := strings.Cut(part, "-")
		if !ranged {
			last = first
		}
		from, err := strconv.Atoi(first)
		if err != nil {
			return nil, fmt.Errorf("steps %q: %w", text, err)
		}
		to, err := strconv.Atoi(last)
		if err != nil {
			return nil, fmt.Errorf("steps %q: %w", text, err)
		}
		for i := from; i <= to; i++ {
			s = append(s, i)
		}
	}
	slices.Sort(s)
	return slices.Compact(s), nil
}

// shrink removes as many steps as possible while fails reports that the rest still fails: first
// large parts, then small ones.
func shrink(all selection, fails func(selection) bool) selection {
	for size := (len(all) + 1) / 2; size >= 1; size /= 2 {
		for from := 0; from < len(all); {
			less := slices.Concat(all[:from], all[min(from+size, len(all)):])
			if len(less) > 0 && fails(less) {
				all = less
			} else {
				from += size
			}
		}
	}
	return all
}

// TestShrink checks that only the steps that cause a failure remain, and that their text form can
// be parsed.
func TestShrink(t *testing.T) {
	all := make(selection, 60)
	for i := range all {
		all[i] = i
	}
	remaining := shrink(all, func(s selection) bool {
		return slices.Contains(s, 7) && slices.Contains(s, 8) && slices.Contains(s, 41)
	})
	if text := remaining.String(); text != "7-8,41" {
		t.Errorf("%s remains", text)
	}
	if again, err := parseSelection(remaining.String()); err != nil || !slices.Equal(again, remaining) {
		t.Errorf("%v, %v", again, err)
	}
	if _, err := parseSelection("1-x"); err == nil {
		t.Error("1-x is accepted as steps")
	}
}

// TestSchedule_FollowsFromSeed checks that a seed determines the steps, that a shorter schedule is
// the beginning of a longer one, and that every kind of step occurs.
func TestSchedule_FollowsFromSeed(t *testing.T) {
	long := schedule(3, 2000)
	if !slices.Equal(long[:60], schedule(3, 60)) || slices.Equal(long[:60], schedule(4, 60)) {
		t.Error("the steps do not follow from the seed")
	}
	seen := map[stepKind]bool{}
	for _, s := range long {
		seen[s.kind] = true
	}
	for _, w := range weights {
		if !seen[w.kind] {
			t.Errorf("there is no %s in %d steps", w.kind, len(long))
		}
	}
	if text := long[0].String(); !strings.Contains(text, string(long[0].kind)) {
		t.Errorf("a step is called %s", text)
	}
}
