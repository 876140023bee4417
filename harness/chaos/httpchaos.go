package chaos

import "time"

// HTTPChaos has no action field: what it does follows from what it sets.
const HTTPChaos = "HTTPChaos"

// HTTP is what an HTTPChaos does to the requests to the selected replicas that
// match, or to the answers to them. What is zero matches everything, and does
// nothing.
type HTTP struct {
	Response bool // it acts on the answer; false: on the request, before the replica sees it

	Port            int               // the replica's own port
	Path            string            // a pattern with * and ? (wildcards as upstream has them)
	Method          string            // "GET"
	Code            int               // of the answer; Response only
	RequestHeaders  map[string]string // all of them to be had
	ResponseHeaders map[string]string // all of them to be had; Response only

	Abort   bool          // the connection is broken off
	Delay   time.Duration // it is passed on this much later
	Replace HTTPReplace
	Patch   HTTPPatch
}

// HTTPReplace is what a message's parts are replaced by.
type HTTPReplace struct {
	Path, Method string            // of a request
	Queries      map[string]string // of a request
	Code         int               // of an answer
	Body         []byte
	Headers      map[string]string
}

// HTTPPatch is what is added to a message.
type HTTPPatch struct {
	Body    string      // a JSON merge patch (RFC 7396)
	Queries [][2]string // of a request
	Headers [][2]string
}
