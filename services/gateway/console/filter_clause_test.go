package console

import "testing"

func TestClause_Toggle(t *testing.T) {
	t.Parallel()
	running := clause{"state", "RUNNING"}
	for filter, want := range map[string]string{
		``:                                `state = RUNNING`,
		`state = RUNNING`:                 ``,
		`web`:                             `web AND state = RUNNING`,
		`state = STOPPED`:                 `state = RUNNING`,
		`state = STOPPED AND web`:         `web AND state = RUNNING`,
		`web AND state = RUNNING AND x`:   `web AND x`,
		`a OR b`:                          `a OR b AND state = RUNNING`, // OR binds tighter
		`(a AND b)`:                       `(a AND b) AND state = RUNNING`,
		`name = "x AND state = STOPPED"`:  `name = "x AND state = STOPPED" AND state = RUNNING`,
		`name = "\" AND state = RUNNING"`: `name = "\" AND state = RUNNING" AND state = RUNNING`,
		`labels.state = "RUNNING" AND location.region = x`: `labels.state = "RUNNING" AND location.region = x AND state = RUNNING`,
	} {
		if got := running.toggle(filter); got != want {
			t.Errorf("%q became %q, want %q", filter, got, want)
		}
	}
}

func TestLabel_Quoting(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ key, value, want string }{
		{"team", "data", `labels.team = "data"`},
		{"cost-center", `a "b"`, `labels.cost-center = "a \"b\""`},
		{"aws:name", "x", `labels."aws:name" = "x"`},
		{"a b", `\`, `labels."a b" = "\\"`},
		{"größe", "ä😀", `labels."größe" = "ä😀"`},
		{"glob", "*", `labels.glob = "\*"`},
		{"1st", "", `labels."1st" = ""`},
	} {
		if got := label(c.key, c.value).String(); got != c.want {
			t.Errorf("%s=%s is %s, want %s", c.key, c.value, got, c.want)
		}
	}
}
