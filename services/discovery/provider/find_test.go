package provider

import (
	"fmt"
	"testing"
)

func wantedOf(count int) []Wanted {
	wanted := make([]Wanted, count)
	for i := range wanted {
		wanted[i].ProviderID = fmt.Sprint(i)
	}
	return wanted
}

func evidence(a *Answers) string {
	text := ""
	for _, finding := range a.Findings() {
		switch finding.Evidence {
		case Found:
			text += "F"
		case NotFound:
			text += "N"
		case Unlisted:
			text += "u"
		case Undecided:
			text += "?"
			if finding.Failure == nil {
				text += "!"
			}
		}
	}
	return text
}

// That it is there stands against all else, and a denial against a list; what was
// not asked is not known, with a failure that says so.
func TestAnswers(t *testing.T) {
	t.Parallel()
	a := NewAnswers(wantedOf(6))
	for i := range 4 {
		a.Say(fmt.Sprint(i), Unlisted)
	}
	a.Say("1", NotFound)
	a.Say("1", Unlisted)
	a.Found(Instance{ProviderID: "2"})
	a.Say("2", NotFound)
	a.Found(Instance{ProviderID: "somebody else's"})
	a.Fail(a.wanted[3:5], InvalidAnswer("broken"))
	if got := evidence(a); got != "uNFu??" {
		t.Errorf("the findings are %s", got)
	}
}

// A list that lacks one that is there is not believed about the rest either.
func TestAnswersOfALyingList(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		there string
		want  string
	}{
		"honest": {"", "NNNuu"},
		"lying":  {"1", "NFN??"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := NewAnswers(wantedOf(5))
			for _, wanted := range a.wanted {
				a.Say(wanted.ProviderID, Unlisted)
			}
			a.Alone(3, func(wanted Wanted) error {
				if wanted.ProviderID == test.there {
					a.Found(Instance{ProviderID: wanted.ProviderID})
				}
				a.Say(wanted.ProviderID, NotFound)
				return nil
			})
			if got := evidence(a); got != test.want {
				t.Errorf("the findings are %s, want %s", got, test.want)
			}
		})
	}
}

// Trouble that the next one would meet too is met once, and leaves the rest unknown.
func TestAnswersWithTrouble(t *testing.T) {
	t.Parallel()
	for name, ask := range map[string]func(*Answers, int, func(Wanted) error){"alone": (*Answers).Alone, "instead": (*Answers).Instead} {
		a, asked := NewAnswers(wantedOf(5)), 0
		if name == "instead" {
			a.Fail(a.wanted, InvalidAnswer("no list"))
		} else {
			for _, wanted := range a.wanted {
				a.Say(wanted.ProviderID, Unlisted)
			}
		}
		ask(a, 4, func(wanted Wanted) error {
			if asked++; asked == 2 {
				return InvalidAnswer("broken")
			}
			a.Say(wanted.ProviderID, NotFound)
			return nil
		})
		if got := evidence(a); got != "N????" || asked != 2 {
			t.Errorf("%s: the findings are %s, and %d were asked for", name, got, asked)
		}
	}
}
