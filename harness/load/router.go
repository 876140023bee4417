package load

import "slices"

// Endpoint is a replica that requests can be sent to.
type Endpoint struct {
	Index   uint16 // by which the history names the replica (history.Writer.Replica)
	Name    string
	BaseURL string // scheme and host, and a path prefix if there is one
}

// Router says where a request goes.
type Router interface {
	// Route is the endpoint for the next attempt of a client's request, none
	// of avoid; false when there is none to take it.
	Route(client int, avoid []uint16) (Endpoint, bool)
	// Ready is the number of endpoints that Route chooses from now.
	Ready() int
}

// Direct sends everything to one endpoint, ready or not.
type Direct struct{ To Endpoint }

// Route is the one endpoint, unless it is to be avoided.
func (d Direct) Route(_ int, avoid []uint16) (Endpoint, bool) {
	return d.To, !slices.Contains(avoid, d.To.Index)
}

// Ready is 1.
func (d Direct) Ready() int { return 1 }
