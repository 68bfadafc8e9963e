package cloud

// Provider is a cloud, as the enum value rollcall.common.v1.Provider is spelled.
type Provider string

// The providers of the contract.
const (
	AWS Provider = "AWS"
	GCP Provider = "GCP"
	// Example is the example of docs/howto/add-a-provider.md, which only tests register.
	Example Provider = "EXAMPLE"
)

// Providers lists the providers of the contract, registered or not.
func Providers() []Provider { return []Provider{AWS, GCP, Example} }

// Kind is a kind of instance, as the enum value rollcall.common.v1.Kind is spelled.
type Kind string

// The kinds of the contract.
const (
	VirtualMachine Kind = "VIRTUAL_MACHINE"
	Database       Kind = "DATABASE"
)

// Kinds lists the kinds of the contract.
func Kinds() []Kind { return []Kind{VirtualMachine, Database} }

// Plural returns the kind in words for people: "virtual machines". A kind that is not of the
// contract is returned as it is spelled.
func (k Kind) Plural() string {
	switch k {
	case VirtualMachine:
		return "virtual machines"
	case Database:
		return "databases"
	}
	return string(k)
}
