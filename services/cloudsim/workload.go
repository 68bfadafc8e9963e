package cloudsim

import "math/rand/v2"

// Workload names the instances of an account and the team that owns them.
type Workload struct {
	Name string
	Team string
	// Types are the instance types it uses. Empty: the cloud's default types.
	Types []string
	// Spot is the share of its instances that use spot capacity, 0 to 1.
	Spot float64
}

// TypesOr returns the instance types of the workload, or the default types if it has none.
func (w Workload) TypesOr(defaults []string) []string {
	if len(w.Types) == 0 {
		return defaults
	}
	return w.Types
}

// Tags returns the tags of a resource of the workload, sorted by key.
func (w Workload) Tags(env string) []Tag {
	return []Tag{{"env", env}, {"service", w.Name}, {"team", w.Team}}
}

// envs are the values of the env tag, most of them "prod".
var envs = []string{"prod", "prod", "prod", "staging", "dev"}

// PickEnv returns a value for the env tag.
func PickEnv(rng *rand.Rand) string { return Pick(rng, envs) }
