package inventory

// Evidence is what a cloud's answer proves when it is asked by id for an
// instance that a listing lacked.
type Evidence uint8

// The evidence, the most careful last.
const (
	// Untold: nothing was said of it.
	Untold Evidence = iota
	// NotFound: the cloud said of this very id that there is none.
	NotFound
	// Unlisted: the cloud answered without an error and without it.
	Unlisted
	// CantTell: the cloud could not be asked, or gave no answer that tells.
	CantTell
	// Found: it is there; the listing lacked it by mistake.
	Found
)

// Finding is what the cloud said of one instance.
type Finding struct {
	ProviderID string
	Evidence   Evidence
	// Instance is set for Found.
	Instance *Instance
	// Failure says why the cloud can't tell; may be empty.
	Failure Failure
}
