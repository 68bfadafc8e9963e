package inventory

// Evidence is the meaning of a provider's answer about a missing instance, after it was asked for the
// instance by ID.
type Evidence uint8

// The evidence, the most conservative last.
const (
	// NoEvidence means that the provider was not asked.
	NoEvidence Evidence = iota
	// NotFound means that the provider reports that no instance has this ID.
	NotFound
	// Unlisted means that the provider answered without an error and without the instance.
	Unlisted
	// Inconclusive means that the provider could not be asked, or that its answer proves nothing.
	Inconclusive
	// Found means that the instance exists and that the listing omitted it by mistake.
	Found
)

// Finding is the provider's answer about one missing instance.
type Finding struct {
	ProviderID string
	Evidence   Evidence
	// Instance is set for Found.
	Instance *Instance
	// Failure is the reason for Inconclusive; it may be empty.
	Failure Failure
}
