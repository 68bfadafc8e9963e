package write

// The statements that the store runs, for tests that read their plans, with parameters of the test's choice.
const (
	LoadStoredSQL = loadStoredSQL
	ResolveSQL    = resolveSQL
	GoneSQL       = goneSQL
)
