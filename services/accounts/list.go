package accounts

// ListRequest asks for one page of accounts.
type ListRequest struct {
	// Filter (AIP-160), OrderBy (AIP-132) and PageToken (AIP-158) may be empty.
	Filter, OrderBy, PageToken string
	// PageSize is the largest number of accounts on the page; above 0.
	PageSize int
}

// Page is one page of accounts.
type Page struct {
	Accounts []*Account
	// NextPageToken requests the next page; empty on the last one.
	NextPageToken string
	// TotalSize is the number of accounts that the filter matches, on all pages.
	TotalSize int
}
