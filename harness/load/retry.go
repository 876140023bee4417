package load

import (
	"net/http"
	"slices"

	"gauntlet/harness/history"
)

// Trigger is an outcome after which a client tries again.
type Trigger string

// The triggers.
const (
	OnRefused     Trigger = "refused"     // the connection was refused
	OnReset       Trigger = "reset"       // it broke while in use
	OnEOF         Trigger = "eof"         // it was closed without an answer
	OnDNS         Trigger = "dns"         // the name did not resolve
	OnTimeout     Trigger = "timeout"     // connecting took too long; the request's own time-out leaves no time for more
	OnUnavailable Trigger = "unavailable" // 502, 503 or 504: a server or gateway that cannot serve now
	On5xx         Trigger = "5xx"         // any answer of the server's fault
)

// DefaultTriggers are those of a client that knows that others may serve:
// everything that its connection can suffer, and 502, 503 and 504.
func DefaultTriggers() []Trigger {
	return []Trigger{OnRefused, OnReset, OnEOF, OnDNS, OnTimeout, OnUnavailable}
}

// again says whether the client's policy makes another attempt after one that
// ended so. One that may have had an effect is repeated only when repeating it
// does no harm, by what its method promises (RFC 9110, section 9.2.2).
func (p *Plan) again(o *Operation, a attempt, class history.Class) bool {
	if o.Method == http.MethodPost || o.Method == http.MethodPatch {
		if effectOf(a, class) != history.NoEffect {
			return false
		}
	}
	if class == history.Other {
		return p.RetryOn == nil
	}
	triggers := p.RetryOn
	if triggers == nil {
		triggers = defaultTriggers
	}
	unavailable := a.status == 502 || a.status == 503 || a.status == 504
	switch class {
	case history.Refused:
		return slices.Contains(triggers, OnRefused)
	case history.Reset:
		return slices.Contains(triggers, OnReset)
	case history.EOF:
		return slices.Contains(triggers, OnEOF)
	case history.DNS:
		return slices.Contains(triggers, OnDNS)
	case history.Timeout:
		return slices.Contains(triggers, OnTimeout)
	case history.Status5xx:
		return slices.Contains(triggers, On5xx) || unavailable && slices.Contains(triggers, OnUnavailable)
	}
	return false
}

var defaultTriggers = DefaultTriggers()
