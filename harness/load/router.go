package load

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

// Direct sends everything to one endpoint, ready or not: further attempts too,
// since there is no other, and several servers may answer behind it.
type Direct struct{ To Endpoint }

// Route is the one endpoint.
func (d Direct) Route(int, []uint16) (Endpoint, bool) { return d.To, true }

// Ready is 1.
func (d Direct) Ready() int { return 1 }
