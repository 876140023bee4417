package load

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"gauntlet/harness/history"
)

// classOf is the class of a request that ended with an error instead of an
// answer. The order matters: a dial that timed out or a name that did not
// resolve in time is what it was waiting for, not the time-out, and what this
// machine lacks (generatorsOwn) is unsent whatever it was for.
func classOf(err error) history.Class {
	var dns *net.DNSError
	var network net.Error
	switch {
	case generatorsOwn(err):
		return history.Unsent
	case errors.As(err, &dns):
		return history.DNS
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return history.Timeout
	case errors.As(err, &network) && network.Timeout():
		return history.Timeout
	case errors.Is(err, syscall.ECONNREFUSED):
		return history.Refused
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNABORTED), errors.Is(err, net.ErrClosed):
		return history.Reset
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return history.EOF
	case strings.Contains(err.Error(), "server closed idle connection"): // net/http does not export this one
		return history.EOF
	}
	return history.Other
}

// generatorsOwn says that a connection could not be dialled for a reason of
// the generator's machine: it has no descriptor, port or memory left. Nothing
// was sent, and it says nothing about the target.
//
// Only dialling counts. A connection that was in use and breaks may have
// carried the request, whatever the reason is called.
func generatorsOwn(err error) bool {
	var dial *net.OpError
	if !errors.As(err, &dial) || dial.Op != "dial" {
		return false
	}
	var dns *net.DNSError
	isDNS := errors.As(err, &dns)
	for _, own := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.EADDRNOTAVAIL, syscall.ENOBUFS, syscall.ENOMEM} {
		// The resolver dials too, and keeps of its error the text alone.
		if errors.Is(err, own) || isDNS && strings.HasSuffix(dns.Err, ": "+own.Error()) {
			return true
		}
	}
	return false
}

// classOfAnswer is the class of an answer that was not expected. One that says
// in its body that it failed is the server's error. Another with a status below
// 400 claims a success that the operation does not have, and so is no true
// answer.
func classOfAnswer(a attempt) history.Class {
	switch {
	case a.status >= 500, a.failed && a.status < 400:
		return history.Status5xx
	case a.status >= 400:
		return history.Status4xx
	}
	return history.WrongAnswer
}

// effectOf is what one attempt of a write may have done. Surely nothing, when
// its request never came to stand on a connection, or the answer declares
// that it was turned away first: any 4xx, and a 503 that says when to come
// again.
func effectOf(a attempt, class history.Class) history.Effect {
	switch {
	case class == history.OK:
		return history.Acknowledged
	case !a.written, a.status >= 400 && a.status < 500, a.status == 503 && a.retryAfter:
		return history.NoEffect
	}
	return history.UnknownEffect
}
