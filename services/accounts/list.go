package accounts

// ListRequest asks for one page of accounts.
type ListRequest struct {
	// Filter by AIP-160, OrderBy by AIP-132, PageToken by AIP-158; each may be
	// empty.
	Filter, OrderBy, PageToken string
	// PageSize is the most accounts wanted; above 0.
	PageSize int
}

// Page is one page of accounts.
type Page struct {
	Accounts []*Account
	// NextPageToken asks for the page after; empty on the last one.
	NextPageToken string
	// TotalSize is how many accounts the filter matches on all pages.
	TotalSize int
}
